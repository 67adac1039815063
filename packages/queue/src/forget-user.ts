import type { UserId } from '@bg-ingest/domain'
import type { Job, Queue } from 'bullmq'
import type { Queues } from './queues.ts'

const STATES = ['waiting', 'prioritized', 'delayed', 'completed', 'failed'] as const
const PAGE = 500

/**
 * Removes every job of an erased user that is not running, ended ones too: each names the user. Reads all jobs, about
 * 10,000 a second; an erasure is rare. A stored follow-up goes when its running predecessor ends and its own run finds
 * the user gone. Returns how many were removed.
 */
export async function forgetUser(queues: Queues, userId: UserId): Promise<number> {
  let removed = 0
  for (const queue of Object.values(queues)) removed += await forgetIn(queue, userId)
  return removed
}

async function forgetIn(queue: Queue, userId: UserId): Promise<number> {
  const found = new Map<string, Job>()
  for (const state of STATES) {
    for (let start = 0; ; start += PAGE) {
      const page: (Job | undefined)[] = await queue.getJobs(state, start, start + PAGE - 1)
      for (const job of page) if (job?.id && job.data.userId === userId) found.set(job.id, job)
      if (page.length < PAGE) break
    }
  }
  const gone = await Promise.allSettled([...found.values()].map((job) => job.remove()))
  return gone.filter(({ status }) => status === 'fulfilled').length
}
