import type { Job, Queue } from 'bullmq'

const NOT_ENDED = ['active', 'prioritized', 'waiting', 'delayed'] as const
const PAGE = 500

/** How long a job waits for an earlier one of the same person before it looks again. */
export const TURN_MS = 200

type Place = Pick<Job, 'id' | 'timestamp'>

/** The producer gives no two jobs of one process the same instant; between processes the id decides. */
const isEarlier = (a: Place, b: Place): boolean =>
  a.timestamp < b.timestamp || (a.timestamp === b.timestamp && String(a.id) < String(b.id))

/**
 * Whether a job of the same person that was asked for before this one has not ended. Queues whose jobs take effect in
 * order are short (people connect and disconnect rarely), so all of it is read. A job that waits for its next try
 * counts: what was asked for later must not overtake it.
 */
export async function hasEarlier(queue: Queue, job: Job): Promise<boolean> {
  for (const state of NOT_ENDED) {
    for (let start = 0; ; start += PAGE) {
      const page: (Job | undefined)[] = await queue.getJobs(state, start, start + PAGE - 1)
      if (page.some((other) => other && other.data.userId === job.data.userId && isEarlier(other, job))) return true
      if (page.length < PAGE) break
    }
  }
  return false
}
