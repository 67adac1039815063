import { QUEUES, type QueueName } from './define-job.ts'

export interface QueueProgress {
  /** Epoch milliseconds of the latest start here; null before the first. */
  readonly lastStartedAt: number | null
  /** Handlers that run here now. */
  readonly running: number
  /** How many may. */
  readonly concurrency: number
}

export type Progress = Readonly<Record<QueueName, QueueProgress>>

/** Counts what this process starts and ends, by queue. */
export function createProgress(concurrency: Readonly<Record<QueueName, number>>, now: () => number) {
  const queues = Object.fromEntries(
    QUEUES.map((queue) => [queue, { lastStartedAt: null as number | null, running: 0 }]),
  ) as Record<QueueName, { lastStartedAt: number | null; running: number }>
  return {
    async track<T>(queue: QueueName, run: () => Promise<T>): Promise<T> {
      const own = queues[queue]
      own.lastStartedAt = now()
      own.running += 1
      try {
        return await run()
      } finally {
        own.running -= 1
      }
    },
    running: () => QUEUES.reduce((sum, queue) => sum + queues[queue].running, 0),
    read: (): Progress =>
      Object.fromEntries(
        QUEUES.map((queue) => [queue, { ...queues[queue], concurrency: concurrency[queue] }]),
      ) as unknown as Progress,
  }
}
