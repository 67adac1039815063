import { AsyncLocalStorage } from 'node:async_hooks'
import { cancelled } from './refusal.ts'

export interface TokenTurns {
  /**
   * Runs work that may call the token endpoint when fewer than two others do. A call inside such work needs no second
   * turn. An aborted signal ends the wait, never the work.
   */
  take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

/**
 * A process that is killed between Dexcom's answer and our write loses the grant of every token call in flight, so there
 * are at most two (promises.md N12).
 */
const TURNS = 2

export function createTokenTurns(): TokenTurns {
  const inside = new AsyncLocalStorage<true>()
  const waiting = new Set<() => void>()
  let free = TURNS

  async function turn(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw cancelled(signal)
    if (free > 0) {
      free -= 1
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    waiting.add(resolve)
    const onAbort = () => {
      if (signal && waiting.delete(resolve)) reject(cancelled(signal))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    await promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  function release(): void {
    const [next] = waiting
    if (!next) {
      free += 1
      return
    }
    waiting.delete(next)
    next()
  }

  return {
    async take(work, signal) {
      if (inside.getStore()) return work()
      await turn(signal)
      try {
        return await inside.run(true, work)
      } finally {
        release()
      }
    },
  }
}
