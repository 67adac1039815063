import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '@bg-ingest/domain'
import type { Redis } from 'ioredis'
import { type ClusterLimiter, createClusterLimiter } from './cluster-limiter.ts'
import { connectLimiter } from './limiter-connection.ts'

interface SlotOptions {
  readonly redis: Redis
  readonly id: string
  readonly minTimeMs: number
}

export interface Slots {
  /** Resolves at this process's next slot. One call at a time. Throws `service_unavailable`. */
  next(): Promise<void>
  close(): void
}

/** When to ask again while Redis is away: it comes back in seconds, or somebody is called. */
const RETRY_AFTER_MS = 5_000
/** Two connections and three scripts on a living Redis take milliseconds. */
const READY_MS = 2_000
/** A slot is as far away as there are processes before us; one that takes longer than this will not come. */
const PATIENCE_MS = 60_000
const MOST_PROCESSES = 64

const away = () =>
  new AppError('service_unavailable', 'The call budget cannot be read', { retryAfterMs: RETRY_AFTER_MS })

/** The fleet's slots, one by one, from a Redis that may go away at any moment: fails within seconds, heals by itself. */
export function createSlots({ redis, id, minTimeMs }: SlotOptions): Slots {
  const { connection, close } = connectLimiter(redis)
  let refuse: () => void = () => undefined
  let limiter = renewed()

  function renewed(): ClusterLimiter {
    return createClusterLimiter({ connection, id, minTimeMs, onError: () => refuse() })
  }

  function renew(): void {
    limiter.dispose()
    limiter = renewed()
  }

  async function whenReady(): Promise<void> {
    if (redis.status !== 'ready') throw away()
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
      close()
      refuse()
    },
  }
}

const within = (ms: number): Promise<'late'> => delay(ms, 'late' as const, { ref: false })
