import Bottleneck from 'bottleneck'

/** What this file knows of Bottleneck 2.19.5's inside; the version is pinned, its last release is of 2019. */
interface LimiterInside {
  readonly _store: { readonly heartbeat?: NodeJS.Timeout }
}

export interface ClusterLimiter {
  /** Rejects where Redis refused the first scripts; a limiter is of no use then and has to be made anew. */
  readonly ready: Promise<unknown>
  /** Calls back when the next slot of the whole fleet has come. Rejects where Redis refuses. */
  take(onSlot: () => void): Promise<void>
  dispose(): void
}

interface LimiterOptions {
  readonly connection: Bottleneck.IORedisConnection
  readonly id: string
  readonly minTimeMs: number
  readonly onError: () => void
}

/** Longer than any request may take. It frees what a killed process left in Redis. */
const EXPIRATION_MS = 70_000

/**
 * Even spacing over the fleet: minTime and nothing else. A reservoir lets twice the budget through in a rolling window
 * (measured, stack.md 3). The spacing is written at each start, or a changed setting would meet the old one in Redis.
 */
export function createClusterLimiter({ connection, id, minTimeMs, onError }: LimiterOptions): ClusterLimiter {
  const limiter = new Bottleneck({ id, connection, minTime: minTimeMs, clearDatastore: false })
  limiter.on('error', onError)
  const ready = limiter.ready().then(() => limiter.updateSettings({ minTime: minTimeMs }))
  ready.catch(() => undefined)
  const stopHeartbeat = () => clearInterval((limiter as unknown as LimiterInside)._store.heartbeat)
  return {
    ready,
    take: (onSlot) => limiter.schedule({ expiration: EXPIRATION_MS }, async () => onSlot()),
    // NOTE: limiter.disconnect() unsubscribes without a catch: with Redis away that ends the process.
    dispose() {
      stopHeartbeat()
      ready.then(stopHeartbeat, stopHeartbeat)
    },
  }
}
