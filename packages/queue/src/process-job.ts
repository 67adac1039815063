import { AppError } from '@bg-ingest/domain'
import { DelayedError, type Job, UnrecoverableError } from 'bullmq'
import { leaseDelayMs, pauseMs, retryDelayMs } from './backoff.ts'
import { failedReason, toAppError } from './failure.ts'
import { handBack } from './hand-back.ts'
import { TURN_MS } from './job-order.ts'
import { definitionOf, JOB_KEYS, type JobData, type JobKey } from './jobs.ts'
import {
  asSuspect,
  condemn,
  DiedAlone,
  hasRoom,
  isCondemned,
  isSuspect,
  type RunAlone,
  resultAlone,
  runsAlone,
  type Suspects,
} from './suspects.ts'

export interface JobContext {
  readonly jobId: string
  /** 1 for the first try. */
  readonly attempt: number
  /** Starts, counting those that found the lease taken, were told to pause, or died with their worker. */
  readonly attemptsStarted: number
  /** When it was asked for, in epoch milliseconds. */
  readonly askedAt: number
  /** Aborted when the worker has to end before the job did, or lost its lock on the job. */
  readonly signal: AbortSignal
}

/** One handler per kind of job: forgetting one, or misspelling one, does not compile. */
export type JobHandlers = {
  readonly [K in JobKey]: (data: JobData<K>, context: JobContext) => Promise<unknown>
}

/** Answers `forget` where nothing of the job may stay: it names somebody who was erased meanwhile. */
export type OnGaveUp = <K extends JobKey>(key: K, data: JobData<K>, error: AppError, jobId: string) => unknown

/** Told of a job that ends its process. Where it throws, it is told again later. */
export type OnPoison = <K extends JobKey>(key: K, data: JobData<K>, jobId: string) => Promise<void> | void

export interface ProcessContext {
  readonly handlers: JobHandlers
  readonly onGaveUp: OnGaveUp
  readonly onPoison: OnPoison
  readonly onError: (queue: string, error: Error) => void
  readonly now: () => number
  readonly random: () => number
  /** True once the worker is closing: an aborted job is then handed back, not failed. */
  readonly closing: () => boolean
  /** A worker that died so often under one job did so because of it. */
  readonly maxDeaths: number
  readonly suspects: Suspects
  /** Null: suspects stay in this process. */
  readonly runAlone: RunAlone | null
  /** Keeps aside what this version cannot read; false where there is no room. */
  readonly park: (job: Job) => Promise<boolean>
  /** Whether something that the person asked for before this has not ended. */
  readonly hasEarlier: (job: Job) => Promise<boolean>
}

/** Ends a job for good. Who sees it in BullMQ's `failed` event knows that onGaveUp has been told already. */
export class GaveUp extends UnrecoverableError {}

const keyOf = new Map(JOB_KEYS.map((key): [string, JobKey] => [definitionOf(key).name, key]))

/** Runs one job: parse, hand to its handler, and turn what it throws into BullMQ's next step. */
export async function processJob(context: ProcessContext, job: Job, token: string, signal: AbortSignal) {
  const key = keyOf.get(job.name)
  return key ? runAs(context, key, job, token, signal) : setAside(context, job, token)
}

async function runAs<K extends JobKey>(
  context: ProcessContext,
  key: K,
  job: Job,
  token: string,
  signal: AbortSignal,
): Promise<unknown> {
  const { schema, inOrder } = definitionOf(key)
  const parsed = schema.safeParse(job.data)
  if (!parsed.success) return setAside(context, job, token)
  if (inOrder && (await context.hasEarlier(job))) return lookAgain(context, job, token, TURN_MS)
  if (isCondemned(job) || job.stalledCounter >= context.maxDeaths)
    return endPoison(context, key, parsed.data, job, token)
  if (isSuspect(job) && !hasRoom(context.suspects, job)) return lookAgain(context, job, token, SUSPECT_WAIT_MS)
  const run = () => handBack(context.closing, signal, () => start(context, key, parsed.data, job, signal))
  try {
    return await (isSuspect(job) ? asSuspect(context.suspects, job, run) : run())
  } catch (err) {
    if (!(err instanceof DiedAlone)) return fail(context, key, parsed.data, err, job, token, signal)
    await condemn(job)
    return endPoison(context, key, parsed.data, job, token)
  }
}

async function fail<K extends JobKey>(
  context: ProcessContext,
  key: K,
  data: JobData<K>,
  err: unknown,
  job: Job,
  token: string,
  signal: AbortSignal,
): Promise<never> {
  const error = toAppError(err)
  const delayMs = delayBeforeNextLook(context, error, job, signal)
  if (delayMs !== null) return lookAgain(context, job, token, delayMs)
  if (error.retryable && job.attemptsMade + 1 < (job.opts.attempts ?? 1)) {
    throw new Error(failedReason(error), { cause: error })
  }
  await tellGaveUp(context, key, data, error, job)
  throw Object.assign(new GaveUp(failedReason(error)), { cause: error })
}

const SUSPECT_WAIT_MS = 400

function start<K extends JobKey>(
  { handlers, runAlone }: ProcessContext,
  key: K,
  data: JobData<K>,
  job: Job,
  signal: AbortSignal,
): Promise<unknown> {
  const context: JobContext = {
    jobId: job.id ?? '',
    attempt: job.attemptsMade + 1,
    attemptsStarted: job.attemptsStarted,
    askedAt: job.timestamp,
    signal,
  }
  return runAlone && runsAlone(job) ? resultAlone(runAlone(key, data, context)) : handlers[key](data, context)
}

async function lookAgain({ now, random }: ProcessContext, job: Job, token: string, ms: number): Promise<never> {
  // A wait that is the same for all would bring them back together.
  const spread = ms === 0 ? 0 : Math.round(ms * (random() / 4))
  await job.moveToDelayed(now() + ms + spread, token)
  throw new DelayedError()
}

const NO_ROOM_WAIT_MS = 60_000

/** Another version's job: kept aside with its payload, for a worker that knows it, and ended here. */
async function setAside(context: ProcessContext, job: Job, token: string): Promise<never> {
  if (!(await context.park(job))) return lookAgain(context, job, token, NO_ROOM_WAIT_MS)
  // Not told to onGaveUp: there is no data that it could be told with.
  throw new GaveUp('invalid_request: The payload is not of a version this worker knows; it was kept aside')
}

async function endPoison<K extends JobKey>(
  context: ProcessContext,
  key: K,
  data: JobData<K>,
  job: Job,
  token: string,
): Promise<never> {
  const error = new AppError('internal_error', 'The job ended its worker again and again')
  try {
    await context.onPoison(key, data, job.id ?? '')
  } catch (err) {
    context.onError(job.queueName, toAppError(err))
    return lookAgain(context, job, token, retryDelayMs(1, context.random))
  }
  await tellGaveUp(context, key, data, error, job)
  throw Object.assign(new GaveUp(failedReason(error)), { cause: error })
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
    const wish = await onGaveUp(key, data, error, job.id ?? '')
    if (wish === 'forget') job.opts.removeOnFail = true
  } catch (err) {
    onError(job.queueName, toAppError(err))
  }
}

/** Tells of a job that BullMQ itself gave up, without a run: its worker died even while it was being parked. */
export async function tellStalled(context: ProcessContext, job: Job): Promise<void> {
  const key = keyOf.get(job.name)
  const parsed = key && definitionOf(key).schema.safeParse(job.data)
  if (!key || !parsed?.success) return
  await Promise.resolve(context.onPoison(key, parsed.data, job.id ?? '')).catch((err: unknown) =>
    context.onError(job.queueName, toAppError(err)),
  )
  await tellGaveUp(context, key, parsed.data, toAppError(undefined), job)
}
