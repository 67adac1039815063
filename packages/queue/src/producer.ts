import type { Redis } from 'ioredis'
import { type AcceptedWebhook, acceptWebhook, type WebhookDelivery } from './accept-webhook.ts'
import { firstJobId } from './job-id.ts'
import { definitionOf, type JobInput, type JobKey, jobs } from './jobs.ts'
import { openQueues, type QueueOptions } from './queues.ts'
import { type RequestedJob, requestSync, type SyncRequest } from './request-sync.ts'
import { DEADLINE_MS, orUnavailable } from './unavailable.ts'

export interface ProducerOptions extends QueueOptions {
  /** Epoch milliseconds. Delays count from it, so it has to be the time that Redis' other clients have. */
  readonly now: () => number
  /** Unique, of `A-Z a-z 0-9 -`, at most 64 characters. */
  readonly newId: () => string
  /** Bound on one call, in milliseconds; beyond it the call is `service_unavailable`. */
  readonly deadlineMs?: number
}

export interface JobProducer {
  /** See request-sync.ts. Throws AppError `service_unavailable` with `retryAfterMs` while Redis is away. */
  requestSync(request: SyncRequest): Promise<RequestedJob>
  /** Takes a webhook delivery in, once for each id of the sender. Throws `service_unavailable` like `requestSync`. */
  acceptWebhook(delivery: WebhookDelivery): Promise<AcceptedWebhook>
  /** Puts a job in its queue, or joins the equal one that waits; answers with the id of the job that BullMQ names. */
  enqueue<K extends Exclude<JobKey, 'syncUser' | 'ingestPush'>>(
    key: K,
    input: JobInput<K>,
    options?: { readonly delayMs?: number },
  ): Promise<{ readonly jobId: string }>
  close(): Promise<void>
}

export function createProducer(redis: Redis, options: ProducerOptions): JobProducer {
  const { now, newId, deadlineMs = DEADLINE_MS } = options
  const { queues, close } = openQueues(redis, options)
  return {
    async requestSync(request) {
      // Parsed here too: a bad payload must fail in the caller's stack, not in a worker minutes later.
      jobs.syncUser.schema.parse({ v: 1, ...request })
      const context = { redis, queue: queues['bg-sync'], now, newId }
      return orUnavailable(() => requestSync(context, request), deadlineMs)
    },
    acceptWebhook: (delivery) =>
      orUnavailable(() => acceptWebhook({ queue: queues['bg-sync'], now, newId }, delivery), deadlineMs),
    async enqueue(key, input, { delayMs } = {}) {
      const { name, queue, schema, dedup, keepLastIfActive, priority, options: jobOptions } = definitionOf(key)
      const data = schema.parse(input)
      const dedupId = dedup(data)
      const jobId = firstJobId(newId())
      const added = await orUnavailable(
        () =>
          queues[queue].add(name, data, {
            ...jobOptions,
            jobId,
            priority: priority(data),
            timestamp: now(),
            ...(delayMs !== undefined && { delay: delayMs }),
            ...(dedupId !== null && { deduplication: { id: dedupId, keepLastIfActive } }),
          }),
        deadlineMs,
      )
      return { jobId: added.id ?? jobId }
    },
    close,
  }
}
