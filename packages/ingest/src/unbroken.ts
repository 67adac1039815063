/** Work that a process finishes before it ends: a grant between Dexcom's answer and the store exists nowhere else. */
export interface Unbroken {
  run<T>(work: () => Promise<T>): Promise<T>
  /** Resolves once nothing of it runs. */
  idle(): Promise<void>
}

export function createUnbroken(): Unbroken {
  const running = new Set<Promise<unknown>>()
  return {
    async run(work) {
      const result = work()
      running.add(result)
      try {
        return await result
      } finally {
        running.delete(result)
      }
    },
    async idle() {
      while (running.size > 0) await Promise.allSettled(running)
    },
  }
}
