/**
 * Whether `work` settles within `ms` milliseconds. Leaves no timer behind. Timers run before sockets are read, so in a busy
 * process what has long arrived would be late: what the next look at the sockets brings still counts.
 */
export async function withinMs(work: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => setImmediate(resolve, false), ms)
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
