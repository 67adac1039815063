import { SyncResult, type UserId } from '@bg-ingest/domain'
import { type Failure, parseFailure } from './failure.ts'
import { SYNC_TRIGGERS, type SyncTrigger } from './jobs.ts'

export interface JobStatus {
  readonly jobId: string
  readonly userId: UserId
  readonly status: 'queued' | 'active' | 'completed' | 'failed'
  readonly trigger: SyncTrigger
  /** What a sync found; null before its end and for other jobs. */
  readonly result: SyncResult | null
  readonly error: Failure | null
}

/** What BullMQ knows of a job, as far as its status needs it. */
export interface StoredJob {
  readonly id: string
  readonly data: { readonly userId: UserId; readonly trigger?: unknown }
  readonly state: string
  readonly returnvalue: unknown
  readonly failedReason: string | undefined
}

/** BullMQ's states in our words. Delayed, waiting and prioritized are all "not running yet". */
const STATUS: Readonly<Record<string, JobStatus['status']>> = {
  active: 'active',
  completed: 'completed',
  failed: 'failed',
}

export function toJobStatus(job: StoredJob): JobStatus {
  const status = STATUS[job.state] ?? 'queued'
  const result = status === 'completed' ? SyncResult.safeParse(job.returnvalue) : null
  return {
    jobId: job.id,
    userId: job.data.userId,
    status,
    trigger: SYNC_TRIGGERS.find((trigger) => trigger === job.data.trigger) ?? 'manual',
    result: result?.success ? result.data : null,
    error: status === 'failed' ? parseFailure(job.failedReason) : null,
  }
}

export const hasEnded = ({ status }: JobStatus): boolean => status === 'completed' || status === 'failed'
