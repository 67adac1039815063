import { QueueEvents } from 'bullmq'
import type { Redis } from 'ioredis'
import type { QueueName } from './define-job.ts'
import { DEFAULT_PREFIX, type QueueOptions } from './queues.ts'
import { ownConnections } from './redis.ts'
import { withinMs } from './within.ts'

export interface EndWatch {
  /** Resolves once the job has ended since the watch began, or after `ms`, or on abort; never rejects. */
  changed(ms: number, signal?: AbortSignal): Promise<void>
  stop(): void
}

export interface JobEnds {
  watch(jobId: string): EndWatch
  close(): Promise<void>
}

/** A Redis that is away must not hold up the end of the process. */
const CLOSE_MS = 1_000

/** Hears of ended jobs of one queue, whether they exist yet or not, over one connection for all watches. */
export function listenToEnds(redis: Redis, queue: QueueName, options: QueueOptions): JobEnds {
  const { prefix = DEFAULT_PREFIX, onError = () => undefined } = options
  const watches = new Map<string, Set<() => void>>()
  // QueueEvents reads over a duplicate (6.7.0), so what it is duplicated from need not connect.
  const { source, disconnect } = ownConnections(redis, { onError }, 'duplicates')
  const events = new QueueEvents(queue, { connection: source, prefix })
  const wake = ({ jobId }: { jobId: string }) => {
    for (const ring of watches.get(jobId) ?? []) ring()
  }
  events.on('completed', wake)
  events.on('failed', wake)
  events.on('error', onError)

  return {
    watch(jobId) {
      const bell = createBell()
      const others = watches.get(jobId) ?? new Set()
      watches.set(jobId, others.add(bell.ring))
      return {
        changed: bell.heard,
        stop() {
          others.delete(bell.ring)
          if (others.size === 0 && watches.get(jobId) === others) watches.delete(jobId)
        },
      }
    },
    async close() {
      await withinMs(events.close(), CLOSE_MS)
      disconnect()
    },
  }
}

/** Remembers one ring, so that an end between two waits is not lost. */
function createBell(): { ring(): void; heard(ms: number, signal?: AbortSignal): Promise<void> } {
  let rung = false
  let wake: () => void = () => undefined
  return {
    ring() {
      rung = true
      wake()
    },
    async heard(ms, signal) {
      if (!rung && !signal?.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        const timer = setTimeout(resolve, ms)
        const onAbort = () => resolve()
        signal?.addEventListener('abort', onAbort, { once: true })
        await promise
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      rung = false
    },
  }
}
