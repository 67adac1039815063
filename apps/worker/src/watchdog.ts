import { type Progress, QUEUES, type QueueName, type Startable } from '@bg-ingest/queue'

export interface WatchdogNeeds {
  readonly progress: () => Progress
  /** Which queues hold something that could start now; rejects, or is never told, while Redis is away. */
  readonly startable: () => Promise<Startable>
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number
  readonly limitMs: number
}

/** BullMQ has stopped consuming in silence before (promises.md N14): two minutes are far beyond any honest pause. */
export const WATCHDOG_MS = 120_000

/**
 * Looks whether this worker still starts what it could: answers the queue that it has left alone for `limitMs` although
 * work was there at every look, Redis answered and slots were free; null while all is well.
 */
export function createWatchdog({
  progress,
  startable,
  monotonic,
  limitMs,
}: WatchdogNeeds): () => Promise<QueueName | null> {
  const idle = new Map<QueueName, { readonly since: number; readonly startedAt: number | null }>()
  return async () => {
    const waiting = await startable().catch(() => null)
    const now = monotonic()
    const seen = progress()
    let stuck: QueueName | null = null
    for (const queue of QUEUES) {
      const { lastStartedAt, running, concurrency } = seen[queue]
      const before = idle.get(queue)
      if (!waiting?.[queue] || running >= concurrency) idle.delete(queue)
      else if (!before || before.startedAt !== lastStartedAt) idle.set(queue, { since: now, startedAt: lastStartedAt })
      else if (now - before.since >= limitMs) stuck = queue
    }
    return stuck
  }
}
