/** How long a handler that was told to stop may take to leave its person's lease in order. */
const LEAVE_MS = 500

/**
 * Runs a handler; where the worker ends and the handler does not (a database that does not answer), stops waiting for it,
 * so that the job is handed back before the process is gone. What it still writes then, its lease guards.
 */
export async function handBack<T>(closing: () => boolean, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  const { promise: left, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const onAbort = () => {
    if (closing()) timer = setTimeout(() => reject(new Error('left behind')), LEAVE_MS)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([run(), left])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
