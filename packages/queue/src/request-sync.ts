import { PRIORITY, type UserId } from '@bg-ingest/domain'
import type { Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { type FollowUp, readFollowUp } from './follow-up.ts'
import { firstJobId, followUpOf } from './job-id.ts'
import { type JobData, jobs, type SyncRange, type SyncTrigger, syncDedupId } from './jobs.ts'
import { unavailable } from './unavailable.ts'

export interface SyncRequest {
  readonly userId: UserId
  readonly trigger: SyncTrigger
  readonly requestId: string
  readonly range?: SyncRange
}

export interface RequestedJob {
  readonly jobId: string
  /** The job was there already, asked for by somebody else. */
  readonly attached: boolean
}

export interface RequestContext {
  readonly redis: Redis
  readonly queue: Queue
  readonly now: () => number
  readonly newId: () => string
}

/** Each turn is lost only to another job's start or end in the same millisecond; ten in a row are a defect. */
const TURNS = 10

const { name, options } = jobs.syncUser

/**
 * Asks for a sync so that one starts after this call, whatever runs meanwhile, and names the job that will be it:
 * the one that waits already, else the one run that follows on the running one, else a new one. A poll that meets
 * a running sync is content with that.
 */
export async function requestSync(context: RequestContext, request: SyncRequest): Promise<RequestedJob> {
  for (let turn = 0; turn < TURNS; turn++) {
    const answer = await tryOnce(context, request)
    if (answer) return answer
  }
  throw unavailable(new Error('the queue never stood still'))
}

/** What one call asks for, in one of its turns. */
interface Call extends RequestContext {
  readonly request: SyncRequest
  readonly dedupId: string
  /** The id our job gets, should BullMQ make it. */
  readonly ours: string
  readonly mark: string
  /** The follow-up in store before our add. */
  readonly stored: FollowUp | null
}

/** One turn; null where the queue changed between two of its steps in a way that leaves the outcome open. */
async function tryOnce(context: RequestContext, request: SyncRequest): Promise<RequestedJob | null> {
  const { redis, queue, newId } = context
  const dedupId = syncDedupId(request)
  const isPoll = request.trigger === 'poll'
  const holder = isPoll ? null : await queue.getDeduplicationJobId(dedupId)
  const stored = holder ? await readFollowUp(redis, queue, dedupId) : null
  const ours = (holder && followUpOf(holder)) || firstJobId(newId())
  const call: Call = { ...context, request, dedupId, ours, mark: newId(), stored }
  const taker = await add(call, moreUrgent(request.trigger, stored?.trigger))
  if (taker === ours) return holder ? settleOurs(call) : { jobId: ours, attached: false }
  return isPoll ? { jobId: taker, attached: true } : settleOther(call, taker)
}

/** Answers with the id of the job that BullMQ made, found or has running. */
async function add(call: Call, trigger: SyncTrigger): Promise<string> {
  const { queue, now, request, ours, mark, dedupId } = call
  const { userId, requestId, range } = request
  const data: JobData<'syncUser'> = { v: 1, userId, trigger, requestId, mark, ...(range && { range }) }
  const added = await queue.add(name, data, {
    ...options,
    jobId: ours,
    priority: PRIORITY[trigger],
    timestamp: now(),
    deduplication: { id: dedupId, keepLastIfActive: request.trigger !== 'poll' },
  })
  return added.id ?? ours
}

const WAITING: ReadonlySet<string> = new Set(['waiting', 'prioritized', 'delayed'])

/**
 * BullMQ answers with our id both when it made the job and when one of that id was there: the holder that we read had
 * ended, and its follow-up, asked for by others, is in the queue, running or even done. Only the mark tells.
 */
async function settleOurs(call: Call): Promise<RequestedJob | null> {
  const state = await call.queue.getJobState(call.ours)
  const job: Job | undefined = await call.queue.getJob(call.ours)
  if (!job) return null
  if (job.data.mark === call.mark) return { jobId: call.ours, attached: false }
  return WAITING.has(state) ? attach(call, job, state) : null
}

/**
 * Another job holds the user. Was it active at our add, so that our follow-up is in store, or did it still wait, so
 * that our call was dropped? A stored follow-up leaves the store only when its predecessor ends. So the store is read
 * first, the state second: nothing in store and still active means that it waited, and has started since.
 */
async function settleOther(call: Call, taker: string): Promise<RequestedJob | null> {
  const { queue, redis, dedupId, ours, mark } = call
  const inStore = await readFollowUp(redis, queue, dedupId)
  const state = await queue.getJobState(taker)
  const job: Job | undefined = await queue.getJob(taker)
  if (job && WAITING.has(state)) return attach(call, job, state)
  if (ours !== followUpOf(taker)) return null
  if (state === 'active') return inStore ? joinStored(call, inStore) : { jobId: taker, attached: true }
  const follower: Job | undefined = await queue.getJob(ours)
  if (follower) return { jobId: ours, attached: follower.data.mark !== mark }
  return job ? { jobId: taker, attached: true } : null
}

/** The store keeps the data of the last add alone; a less urgent call may have written over a more urgent one. */
async function joinStored(call: Call, inStore: FollowUp): Promise<RequestedJob | null> {
  const { ours, stored, request } = call
  if (inStore.jobId !== ours) return null
  // Repeating it is safe: while the predecessor runs it replaces the data, afterwards the id is taken.
  if (PRIORITY[request.trigger] < PRIORITY[inStore.trigger]) await add(call, request.trigger)
  return { jobId: ours, attached: stored?.jobId === ours }
}

/** Joins a job that has not started: makes it as urgent as this call is, and ends a delay if a person waits. */
async function attach({ request: { trigger } }: Call, job: Job, state: string): Promise<RequestedJob> {
  if (PRIORITY[trigger] < job.priority) await unlessGone(job.changePriority({ priority: PRIORITY[trigger] }))
  if (trigger === 'manual' && state === 'delayed') await unlessGone(job.promote())
  return { jobId: job.id ?? '', attached: true }
}

/** Codes of BullMQ's scripts: -1 the job is not there, -3 it is not in that state any more. It has started: fine. */
const GONE: ReadonlySet<unknown> = new Set([-1, -3])

async function unlessGone(change: Promise<void>): Promise<void> {
  try {
    await change
  } catch (err) {
    if (!(err instanceof Error && 'code' in err && GONE.has(err.code))) throw err
  }
}

const moreUrgent = (a: SyncTrigger, b: SyncTrigger | undefined): SyncTrigger => (b && PRIORITY[b] < PRIORITY[a] ? b : a)
