import type { UserId } from '@bg-ingest/domain'
import type * as z from 'zod'
import type { JobDefinition } from './define-job.ts'
import { firstJobId } from './job-id.ts'
import { orderedChain } from './job-order.ts'
import type { Queues } from './queues.ts'

interface AddOptions {
  readonly newId: () => string
  /** When it was asked for, in epoch milliseconds. */
  readonly timestamp: number
  readonly delayMs?: number | undefined
}

/** Puts a job in its queue as its definition says, or joins the equal one that waits; the id is that of BullMQ's answer. */
export async function addJob<Schema extends z.ZodType<{ readonly userId: UserId }>>(
  queues: Queues,
  definition: JobDefinition<string, Schema>,
  data: z.output<Schema>,
  { newId, timestamp, delayMs }: AddOptions,
): Promise<{ readonly jobId: string }> {
  const { name, queue, dedup, keepLastIfActive, inOrder, priority, options } = definition
  const dedupId = dedup(data)
  const jobId = firstJobId(inOrder ? orderedChain(newId(), data.userId) : newId())
  const added = await queues[queue].add(name, data, {
    ...options,
    jobId,
    priority: priority(data),
    timestamp,
    ...(delayMs !== undefined && { delay: delayMs }),
    ...(dedupId !== null && { deduplication: { id: dedupId, keepLastIfActive } }),
  })
  return { jobId: added.id ?? jobId }
}
