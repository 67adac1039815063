import { setTimeout as sleep } from 'node:timers/promises'
import type { UserId } from '@bg-ingest/domain'
import { forgetTraces, forgetUser, type ParkedJobs, type Queues, type Redis } from '@bg-ingest/queue'

interface Needs {
  readonly queues: Queues
  readonly redis: Redis
  /** Begins every key there. */
  readonly prefix: string
  /** Whether the person has connected again: what names them from then on is theirs to keep. */
  readonly isBack: (userId: UserId) => Promise<boolean>
  readonly parked: Pick<ParkedJobs, 'forget'>
}

/** What was removed from Redis. */
export interface Forgotten {
  readonly jobs: number
  readonly keys: number
}

/** Without tokens a run ends at its next step; 30 s are more than the longest call to Dexcom. */
const PATIENCE_MS = 30_000
const LOOK_AGAIN_MS = 200

/**
 * Removes the jobs that name an erased person, until none is found any more: one that ran during the erasure ends
 * afterwards, and leaves itself and the run that was to follow on it.
 */
export async function forgetJobs(
  { queues, redis, prefix, isBack, parked }: Needs,
  userId: UserId,
  askedBefore: number,
  stop: AbortSignal,
): Promise<Forgotten> {
  let keys = await forgetTraces(redis, userId, { prefix })
  let jobs = await parked.forget(userId)
  const until = performance.now() + PATIENCE_MS
  while (performance.now() < until && !(await isBack(userId))) {
    // Asked first: a job that ends between the two looks is found by the second.
    const running = await isRunning(queues, userId)
    const removed = await forgetUser(queues, userId, askedBefore)
    jobs += removed
    if (!running && removed === 0) break
    await sleep(LOOK_AGAIN_MS, undefined, { signal: stop })
  }
  if (await isBack(userId)) return { jobs, keys }
  // A run that ended meanwhile may have left its digest, or a job of another version.
  jobs += await parked.forget(userId)
  keys += await forgetTraces(redis, userId, { prefix })
  return { jobs, keys }
}

/** Leaves out connecting and erasing: the very job that asks is one of them. */
async function isRunning({ 'bg-connection': _, ...others }: Queues, userId: UserId): Promise<boolean> {
  const active = await Promise.all(Object.values(others).map((queue) => queue.getJobs('active')))
  return active.flat().some((job) => job?.data.userId === userId)
}
