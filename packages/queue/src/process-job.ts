import type { AppError } from '@bg-ingest/domain'
import { DelayedError, type Job, UnrecoverableError } from 'bullmq'
import { leaseDelayMs, pauseMs } from './backoff.ts'
import { failedReason, toAppError } from './failure.ts'
import { definitionOf, JOB_KEYS, type JobData, type JobKey } from './jobs.ts'

export interface JobContext {
  readonly jobId: string
  /** When it was asked for, epoch milliseconds by the asker's clock. */
  readonly askedAt: number
  /** 1 for the first try. */
  readonly attempt: number
  /** Starts, counting those that found the lease taken, were told to pause, or died with their worker. */
  readonly attemptsStarted: number
  /** Aborted when the worker has to end before the job did, or lost its lock on the job. */
  readonly signal: AbortSignal
}

/** One handler per kind of job: forgetting one, or misspelling one, does not compile. */
export type JobHandlers = {
  readonly [K in JobKey]: (data: JobData<K>, context: JobContext) => Promise<unknown>
}

export type OnGaveUp = <K extends JobKey>(
  key: K,
  data: JobData<K>,
  error: AppError,
  jobId: string,
) => Promise<void> | void

export interface ProcessContext {
  readonly handlers: JobHandlers
  readonly onGaveUp: OnGaveUp
  readonly onError: (queue: string, error: Error) => void
  readonly now: () => number
  readonly random: () => number
  /** True once the worker is closing: an aborted job is then handed back, not failed. */
  readonly closing: () => boolean
}

/** Ends a job for good. Who sees it in BullMQ's `failed` event knows that onGaveUp has been told already. */
export class GaveUp extends UnrecoverableError {}

const keyOf = new Map(JOB_KEYS.map((key): [string, JobKey] => [definitionOf(key).name, key]))

/** Runs one job: parse, hand to its handler, and turn what it throws into BullMQ's next step. */
export async function processJob(context: ProcessContext, job: Job, token: string, signal: AbortSignal) {
  const key = keyOf.get(job.name)
  if (!key) throw new GaveUp('internal_error: No handler for this job')
  return runAs(context, key, job, token, signal)
}

async function runAs<K extends JobKey>(
  context: ProcessContext,
  key: K,
  job: Job,
  token: string,
  signal: AbortSignal,
): Promise<unknown> {
  const parsed = definitionOf(key).schema.safeParse(job.data)
  // Not told to onGaveUp: there is no data that it could be told with.
  if (!parsed.success) throw new GaveUp('invalid_request: The payload is not of a version this worker knows')
  const jobId = job.id ?? ''
  try {
    return await context.handlers[key](parsed.data, {
      jobId,
      askedAt: job.timestamp,
      attempt: job.attemptsMade + 1,
      attemptsStarted: job.attemptsStarted,
      signal,
    })
  } catch (err) {
    const error = toAppError(err)
    const delayMs = delayBeforeNextLook(context, error, job, signal)
    if (delayMs !== null) {
      await job.moveToDelayed(context.now() + delayMs, token)
      throw new DelayedError()
    }
    if (error.retryable && job.attemptsMade + 1 < (job.opts.attempts ?? 1)) {
      throw new Error(failedReason(error), { cause: error })
    }
    await tellGaveUp(context, key, parsed.data, error, job)
    throw Object.assign(new GaveUp(failedReason(error)), { cause: error })
  }
}

/** Milliseconds until the job is looked at again without an attempt used; null where it did fail. */
function delayBeforeNextLook(
  { closing, random }: ProcessContext,
  error: AppError,
  job: Job,
  signal: AbortSignal,
): number | null {
  if (closing() && signal.aborted) return 0
  if (error.code === 'lease_taken') return leaseDelayMs(job.attemptsStarted, random)
  if (error.retryable && error.retryAfterMs !== undefined) return pauseMs(error.retryAfterMs, random)
  return null
}

/** Told before the job is failed: a worker that dies in between tells twice, with the same job id, never not at all. */
async function tellGaveUp<K extends JobKey>(
  { onGaveUp, onError }: ProcessContext,
  key: K,
  data: JobData<K>,
  error: AppError,
  job: Job,
): Promise<void> {
  try {
    await onGaveUp(key, data, error, job.id ?? '')
  } catch (err) {
    onError(job.queueName, toAppError(err))
  }
}

/** Tells of a job that BullMQ itself gave up, without a run: it stalled more often than allowed. */
export async function tellStalled(context: ProcessContext, job: Job): Promise<void> {
  const key = keyOf.get(job.name)
  const parsed = key && definitionOf(key).schema.safeParse(job.data)
  if (key && parsed?.success) await tellGaveUp(context, key, parsed.data, toAppError(undefined), job)
}
