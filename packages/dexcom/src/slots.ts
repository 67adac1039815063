import { setTimeout as delay } from 'node:timers/promises'
import { type ClusterLimiter, createClusterLimiter } from './cluster-limiter.ts'
import type { LimiterConnection } from './limiter-connection.ts'

interface SlotOptions {
  readonly connection: Pick<LimiterConnection, 'redis' | 'bottleneck'>
  readonly id: string
  readonly minTimeMs: number
}

export interface Slots {
  /** Resolves at this process's next slot of the fleet. One call at a time. Rejects where Redis is away. */
  next(): Promise<void>
  close(): void
}

/** Two connections and three scripts on a living Redis take milliseconds. */
const READY_MS = 2_000
/** A slot is as far away as there are processes before us; one that takes longer than this will not come. */
const PATIENCE_MS = 60_000
const MOST_PROCESSES = 64

/** The first connection of a process is waited for; a connection that was lost is not. */
const HOPEFUL = new Set(['ready', 'wait', 'connecting', 'connect'])

const away = () => new Error('The shared call budget cannot be read')

/** The fleet's slots, one by one, from a Redis that may go away at any moment: fails within seconds, heals by itself. */
export function createSlots({ connection: { redis, bottleneck }, id, minTimeMs }: SlotOptions): Slots {
  let refuse: () => void = () => undefined
  let limiter = renewed()

  function renewed(): ClusterLimiter {
    return createClusterLimiter({ connection: bottleneck, id, minTimeMs, onError: () => refuse() })
  }

  function renew(): void {
    limiter.dispose()
    limiter = renewed()
  }

  async function whenReady(): Promise<void> {
    if (!HOPEFUL.has(redis.status)) throw away()
    const outcome = await Promise.race([
      limiter.ready.then(
        () => 'ready',
        () => 'refused',
      ),
      within(READY_MS),
    ])
    if (outcome === 'refused') renew()
    if (outcome !== 'ready') throw away()
  }

  return {
    async next() {
      await whenReady()
      const slot = Promise.withResolvers<void>()
      refuse = () => slot.reject(away())
      limiter.take(slot.resolve).catch(refuse)
      const timer = setTimeout(
        () => {
          refuse()
          renew() // NOTE: a command that was never answered holds Bottleneck's lock for good
        },
        PATIENCE_MS + MOST_PROCESSES * minTimeMs,
      )
      try {
        await slot.promise
      } finally {
        clearTimeout(timer)
      }
    },
    close() {
      limiter.dispose()
      refuse()
    },
  }
}

const within = (ms: number): Promise<'late'> => delay(ms, 'late' as const, { ref: false })
