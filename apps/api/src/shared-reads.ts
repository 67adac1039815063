/**
 * Shares reads of one key among callers that come together: while one is under way, all who ask join the one that begins
 * behind it. So at most two run for a key, and nobody is answered from a read that began before they asked: a caller who
 * has just seen something newer elsewhere must not see the older state here (promises.md I16).
 */
export function sharedReads<Args extends readonly unknown[], T>(
  read: (...args: Args) => Promise<T>,
  keyOf: (...args: Args) => string,
): (...args: Args) => Promise<T> {
  const running = new Map<string, Promise<T>>()
  const waiting = new Map<string, Promise<T>>()
  const begin = (key: string, args: Args): Promise<T> => {
    const work = read(...args).finally(() => {
      if (running.get(key) === work) running.delete(key)
    })
    running.set(key, work)
    return work
  }
  const beginBehind = (before: Promise<T>, key: string, args: Args): Promise<T> => {
    const next = before
      .catch(() => undefined)
      .then(() => {
        waiting.delete(key)
        return begin(key, args)
      })
    waiting.set(key, next)
    return next
  }
  return (...args) => {
    const key = keyOf(...args)
    const before = running.get(key)
    if (before === undefined) return begin(key, args)
    return waiting.get(key) ?? beginBehind(before, key, args)
  }
}
