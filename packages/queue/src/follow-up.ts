import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { jobs, type SyncTrigger } from './jobs.ts'

/** The run that BullMQ keeps in store for the moment when the active job of its deduplication id ends. */
export interface FollowUp {
  readonly jobId: string
  readonly trigger: SyncTrigger
}

/**
 * Reads the stored follow-up of a sync. BullMQ has no call for it: it lies in the hash `dn:<deduplication id>`, fields
 * `jid` and `data` (6.7.0, storeDeduplicatedNextJob.lua), from the first add that met the active job until that job is
 * finally done; test/integration/queue.test.ts fails should a new version keep it elsewhere.
 */
export async function readFollowUp(redis: Redis, queue: Queue, dedupId: string): Promise<FollowUp | null> {
  const [jobId, json] = await redis.hmget(queue.toKey(`dn:${dedupId}`), 'jid', 'data')
  if (!jobId || !json) return null
  const data = jobs.syncUser.schema.safeParse(JSON.parse(json))
  return { jobId, trigger: data.success ? data.data.trigger : 'manual' }
}
