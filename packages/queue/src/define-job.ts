import type { JobsOptions } from 'bullmq'
import type * as z from 'zod'

export const QUEUES = ['bg-sync', 'bg-history', 'bg-connection', 'bg-maintenance', 'bg-tick'] as const
export type QueueName = (typeof QUEUES)[number]

export interface JobDefinition<Name extends string, Schema extends z.ZodType> {
  readonly name: Name
  readonly queue: QueueName
  /** Strict, versioned (`v`), and free of secrets: job data is readable in Redis and in Bull Board. */
  readonly schema: Schema
  /** Jobs with the same id never wait twice nor run side by side; null lets every call run. */
  readonly dedup: (data: z.output<Schema>) => string | null
  /** Whether a call that arrives while the job runs earns one more run afterwards, or is dropped. */
  readonly keepLastIfActive: boolean
  /** Whether jobs of one person take effect in the order in which they were asked for, one after the other. */
  readonly inOrder?: boolean
  /** Lower runs first. Every job has one, because BullMQ runs jobs without priority before all others. */
  readonly priority: (data: z.output<Schema>) => number
  readonly options: JobsOptions
}

export function defineJob<const Name extends string, Schema extends z.ZodType>(
  definition: JobDefinition<Name, Schema>,
): JobDefinition<Name, Schema> {
  return definition
}
