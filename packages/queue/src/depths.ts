import type { Queues } from './queues.ts'

/** One queue at one moment. */
export interface QueueDepth {
  readonly queue: string
  /** Jobs by state. */
  readonly jobs: Readonly<Record<string, number>>
  /** Age of the oldest job that could start now, in seconds; 0 where none waits. */
  readonly oldestSeconds: number
}

/** Within one priority the order is that of age, so the oldest is near the front; 20 cover what stands before it. */
const LOOKED_AT = 20

/** Reads every queue for the metrics. `now` in epoch milliseconds. */
export function queueDepths(queues: Queues, now: number): Promise<QueueDepth[]> {
  return Promise.all(
    Object.values(queues).map(async (queue) => {
      const jobs = await queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'completed', 'failed')
      const front = await queue.getJobs(['waiting', 'prioritized'], 0, LOOKED_AT - 1, true)
      const oldest = Math.min(now, ...front.map((job) => job?.timestamp ?? now))
      return { queue: queue.name, jobs, oldestSeconds: (now - oldest) / 1_000 }
    }),
  )
}
