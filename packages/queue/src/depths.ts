import type { ParkedJobs } from './parked-jobs.ts'
import type { Queues } from './queues.ts'

/** One queue at one moment. */
export interface QueueDepth {
  readonly queue: string
  /** Jobs by state. */
  readonly jobs: Readonly<Record<string, number>>
  /** Age of the oldest job that could start now, in seconds; 0 where none waits. */
  readonly oldestSeconds: number
  /** Jobs of another version that were kept aside; left out where nobody asked. */
  readonly parked?: number
}

/** Within one priority the order is that of age, so the oldest is near the front; 20 cover what stands before it. */
const LOOKED_AT = 20

/** Reads every queue for the metrics. `now` in epoch milliseconds. */
export async function queueDepths(
  queues: Queues,
  now: number,
  parkedJobs?: Pick<ParkedJobs, 'counts'>,
): Promise<QueueDepth[]> {
  const parked: Readonly<Record<string, number>> = (await parkedJobs?.counts()) ?? {}
  return Promise.all(
    Object.values(queues).map(async (queue) => {
      const jobs = await queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'completed', 'failed')
      const front = await queue.getJobs(['waiting', 'prioritized'], 0, LOOKED_AT - 1, true)
      const oldest = Math.min(now, ...front.map((job) => job?.timestamp ?? now))
      return {
        queue: queue.name,
        jobs,
        oldestSeconds: (now - oldest) / 1_000,
        ...(parkedJobs && { parked: parked[queue.name] ?? 0 }),
      }
    }),
  )
}
