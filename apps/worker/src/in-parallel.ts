/** Runs `work` over all items, at most `limit` at a time; rejects with the first failure and begins no more. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = [...items].reverse()
  let failed = false
  const lane = async () => {
    for (let item = left.pop(); item !== undefined && !failed; item = left.pop()) {
      try {
        await work(item)
      } catch (err) {
        failed = true
        throw err
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
}
