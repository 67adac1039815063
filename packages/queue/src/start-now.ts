import type { QueueName } from './define-job.ts'
import type { Queues } from './queues.ts'

/** Ends the delay of a job that waits for its next try: what stood in its way is gone. Any other job stays as it is. */
export async function startNow(queues: Queues, queue: QueueName, jobId: string): Promise<void> {
  const job = await queues[queue].getJob(jobId)
  if (!job || !(await job.isDelayed())) return
  // It may have begun, or ended, in between.
  await job.promote().catch(() => undefined)
}
