import type { UserId } from '@bg-ingest/domain'
import type { Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { readFollowUp } from './follow-up.ts'
import { listenToEnds } from './job-ends.ts'
import { isJobId, predecessorOf } from './job-id.ts'
import { hasEnded, type JobStatus, toJobStatus } from './job-status.ts'
import { definitionOf, type JobKey, jobs } from './jobs.ts'
import { openQueue, type QueueOptions } from './queues.ts'
import { orUnavailable } from './unavailable.ts'

export interface JobReaderOptions extends QueueOptions {
  /** Which kind of job to read, or which kinds of one queue; syncs unless told otherwise. */
  readonly job?: JobKey | readonly [JobKey, ...JobKey[]]
  /** Milliseconds that only go forward where possible; used for differences alone. */
  readonly now?: () => number
}

export interface JobReader {
  /** Where a user's job stands; null for an unknown id and for another user's job. */
  status(userId: UserId, jobId: string): Promise<JobStatus | null>
  /** The status once the job has ended, or as it is after `ms` milliseconds or on abort. Rejects as `status` does. */
  wait(userId: UserId, jobId: string, ms: number, signal?: AbortSignal): Promise<JobStatus | null>
  close(): Promise<void>
}

/** The event stream is a hint, the job in Redis is the truth: a hint lost in a reconnect costs at most this. */
const RECHECK_MS = 1_000

/** Opens one blocking connection beside `redis` for the ends of jobs. Throws `service_unavailable` without Redis. */
export function createJobReader(redis: Redis, options: JobReaderOptions = {}): JobReader {
  const { job = 'syncUser', now = () => performance.now() } = options
  const keys: readonly [JobKey, ...JobKey[]] = typeof job === 'string' ? [job] : job
  const names = new Set(keys.map((key) => definitionOf(key).name))
  const { queue: queueName } = definitionOf(keys[0])
  const queue = openQueue(redis, queueName, options)
  const ends = listenToEnds(redis, queueName, options)

  const find = async (userId: UserId, jobId: string): Promise<JobStatus | null> => {
    if (!isJobId(jobId)) return null
    // A second look, because a follow-up may come out of store between the look at the jobs and that at the store.
    return (
      (await readJob(queue, names, userId, jobId)) ??
      (await readPending(redis, queue, userId, jobId)) ??
      (await readJob(queue, names, userId, jobId))
    )
  }

  /** A webhook's delivery is asked about like a sync: pushed readings are one, and a notice stands for the sync it led to. */
  const findDelivery = async (userId: UserId, jobId: string): Promise<JobStatus | null> => {
    if (!keys.includes('syncUser') || !isJobId(jobId)) return null
    const state = await queue.getJobState(jobId)
    const job: Job | undefined = await queue.getJob(jobId)
    if (!job || job.name !== jobs.ingestPush.name || job.data.userId !== userId) return null
    const sync = await find(userId, String(job.returnvalue?.syncJobId ?? ''))
    const { returnvalue, failedReason } = job
    const data = { userId, trigger: 'webhook' }
    return sync ? { ...sync, jobId } : toJobStatus({ id: jobId, data, state, returnvalue, failedReason })
  }

  const status = (userId: UserId, jobId: string) =>
    orUnavailable(async () => (await find(userId, jobId)) ?? findDelivery(userId, jobId))

  return {
    status,
    async wait(userId, jobId, ms, signal) {
      const deadline = now() + ms
      const watch = ends.watch(jobId)
      try {
        for (;;) {
          const found = await status(userId, jobId)
          const left = deadline - now()
          if (!found || hasEnded(found) || left <= 0 || signal?.aborted) return found
          await watch.changed(Math.min(left, RECHECK_MS), signal)
        }
      } finally {
        watch.stop()
      }
    },
    async close() {
      await Promise.all([ends.close(), queue.close()])
    },
  }
}

async function readJob(
  queue: Queue,
  names: ReadonlySet<string>,
  userId: UserId,
  jobId: string,
): Promise<JobStatus | null> {
  // State first: a job only goes forward, so what is read of it afterwards is at least as far as its state.
  const state = await queue.getJobState(jobId)
  const job: Job | undefined = await queue.getJob(jobId)
  if (!job || !names.has(job.name) || job.data.userId !== userId) return null
  const { data, returnvalue, failedReason } = job
  return toJobStatus({ id: jobId, data, state, returnvalue, failedReason })
}

/** A sync that is promised but not made yet: BullMQ makes it when the job before it ends. */
async function readPending(redis: Redis, queue: Queue, userId: UserId, jobId: string): Promise<JobStatus | null> {
  const before = predecessorOf(jobId)
  const job: Job | undefined = before ? await queue.getJob(before) : undefined
  if (!job?.deduplicationId || job.data.userId !== userId) return null
  const stored = await readFollowUp(redis, queue, job.deduplicationId)
  if (stored?.jobId !== jobId) return null
  const data = { userId, trigger: stored.trigger }
  return toJobStatus({ id: jobId, data, state: 'waiting', returnvalue: null, failedReason: undefined })
}
