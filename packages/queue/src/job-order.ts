import { createHash } from 'node:crypto'
import type { UserId } from '@bg-ingest/domain'
import type { Job, Queue } from 'bullmq'

const NOT_ENDED = ['active', 'prioritized', 'waiting', 'delayed'] as const
/** Oldest first, so that what is earlier than a job that has started lies well within it. */
const LOOKED_AT = 10_000

/** How long a job waits for an earlier one of the same person before it looks again. */
export const TURN_MS = 100

/** 64 bits: two people who share them wait for each other now and then, and that is all. */
const KEY_LENGTH = 16
const keyOf = (userId: UserId) => createHash('sha256').update(userId).digest('hex').slice(0, KEY_LENGTH)

/** An id that shows, among thousands, which jobs are of the same person. */
export const orderedChain = (id: string, userId: UserId): string => `${id}-${keyOf(userId)}`

type Place = Pick<Job, 'id' | 'timestamp'>

/** The producer gives no two jobs of one process the same instant; between processes the id decides. */
const isEarlier = (a: Place, b: Place): boolean =>
  a.timestamp < b.timestamp || (a.timestamp === b.timestamp && String(a.id) < String(b.id))

/**
 * Whether a job of the same person that was asked for before this one has not ended. A job that waits for its next try
 * counts: what was asked for later must not overtake it.
 */
export async function hasEarlier(queue: Queue, job: Job<{ readonly userId: UserId }>): Promise<boolean> {
  // All states in one script: read one by one, a job that moves on meanwhile would be seen in none.
  const ids = await queue.getRanges([...NOT_ENDED], 0, LOOKED_AT - 1, true)
  const mark = `-${keyOf(job.data.userId)}_`
  const same = await Promise.all(ids.filter((id) => id !== job.id && id.includes(mark)).map((id) => queue.getJob(id)))
  return same.some((other) => other !== undefined && isEarlier(other, job))
}
