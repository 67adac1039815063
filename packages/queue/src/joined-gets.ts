type Values = readonly (Buffer | null)[]

interface Turn {
  readonly keys: string[]
  readonly values: Promise<Values>
}

/**
 * Reads of one turn of the event loop, sent as one MGET at its end. Under load a turn brings dozens of requests, and a command
 * of its own for each cost a tenth of the CPU of the newest reading, most of it system calls (docs/performance/reads.md).
 */
export function joinedGets(mget: (keys: string[]) => Promise<Values>): (key: string) => Promise<Buffer | null> {
  let open: Turn | null = null
  const begin = (): Turn => {
    const keys: string[] = []
    // The check phase follows the one in which sockets are read: whoever asks later is in the next turn.
    const values = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      open = null
      return mget(keys)
    })
    return { keys, values }
  }
  return async (key) => {
    open ??= begin()
    const { keys, values } = open
    const at = keys.push(key) - 1
    return (await values)[at] ?? null
  }
}
