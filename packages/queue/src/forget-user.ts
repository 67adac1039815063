import type { UserId } from '@bg-ingest/domain'
import type { Job, Queue } from 'bullmq'
import type { Queues } from './queues.ts'

const STATES = ['waiting', 'prioritized', 'delayed', 'completed', 'failed'] as const
const PAGE = 500

/**
 * Removes every job of an erased user that is not running, ended ones too: each names the user. Reads all jobs, about
 * 10,000 a second; an erasure is rare. A stored follow-up goes when its running predecessor ends and its own run finds
 * the user gone. A connect or the like that was asked for after `askedBefore` (epoch milliseconds) stays: it comes next.
 * Returns how many were removed.
 */
export async function forgetUser(queues: Queues, userId: UserId, askedBefore = Infinity): Promise<number> {
  let removed = 0
  for (const queue of Object.values(queues)) {
    const isMeant = ({ data, timestamp }: Job) =>
      data.userId === userId && (queue.name !== 'bg-connection' || timestamp < askedBefore)
    removed += await removeFrom(queue, isMeant)
  }
  return removed
}

async function removeFrom(queue: Queue, isMeant: (job: Job) => boolean): Promise<number> {
  const found = new Map<string, Job>()
  for (const state of STATES) {
    for (let start = 0; ; start += PAGE) {
      const page: (Job | undefined)[] = await queue.getJobs(state, start, start + PAGE - 1)
      for (const job of page) if (job?.id && isMeant(job)) found.set(job.id, job)
      if (page.length < PAGE) break
    }
  }
  const gone = await Promise.allSettled([...found.values()].map((job) => job.remove()))
  return gone.filter(({ status }) => status === 'fulfilled').length
}
