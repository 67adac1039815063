import type { ErrorCode } from '@bg-ingest/domain'
import type { JobContext, JobData, JobKey } from '@bg-ingest/queue'

/** What a worker tells the process that runs one job alone. */
export type ToAlone =
  | {
      readonly kind: 'run'
      readonly key: JobKey
      readonly data: JobData<JobKey>
      readonly context: Omit<JobContext, 'signal'>
    }
  | { readonly kind: 'abort' }

/** What that process tells: that it can begin, and how the job ended. Of an error only what is safe to log. */
export type FromAlone =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly result?: unknown }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly retryAfterMs?: number }
