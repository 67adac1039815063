/**
 * The same function, with its answers kept: at most so many, and then from the beginning. For hashes that every read
 * would make again: SHA-256 of twenty bytes takes 2 us in Node 24, a look-up 0.1 (docs/performance/reads.md).
 */
export function remembering<T extends string>(most: number, of: (text: string) => T): (text: string) => T {
  const answers = new Map<string, T>()
  return (text) => {
    const known = answers.get(text)
    if (known !== undefined) return known
    if (answers.size >= most) answers.clear()
    const answer = of(text)
    answers.set(text, answer)
    return answer
  }
}
