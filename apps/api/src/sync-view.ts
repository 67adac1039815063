import { SyncResult, TRIGGERS, UserId } from '@bg-ingest/domain'
import type { JobProducer, JobReader } from '@bg-ingest/queue'
import * as z from 'zod'

/** A sync as callers see it, from its request to an hour after its end (contract: Sync). */
export const SyncStatus = z
  .strictObject({
    jobId: z.string(),
    userId: UserId,
    status: z.enum(['queued', 'active', 'completed', 'failed']),
    trigger: z.enum(TRIGGERS),
    attached: z.boolean(),
    result: SyncResult.nullable(),
    error: z.strictObject({ code: z.string(), detail: z.string() }).nullable(),
  })
  .meta({ id: 'SyncStatus' })

export type SyncQueue = Pick<JobProducer, 'requestSync'>
export type SyncJobs = Pick<JobReader, 'status' | 'wait'>

/** Where the status of a sync is read. */
export const syncPath = (userId: UserId, jobId: string): string =>
  `/api/bg/${encodeURIComponent(userId)}/sync/${encodeURIComponent(jobId)}`
