import type { Redis } from 'ioredis'
import { type AcceptedWebhook, acceptWebhook, type WebhookDelivery } from './accept-webhook.ts'
import { addJob } from './add-job.ts'
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
  let latest = 0
  /** Never the same twice: the order of what one process asks for does not depend on the grain of its clock. */
  const instant = () => {
    latest = Math.max(now(), latest + 1)
    return latest
  }
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
      const definition = definitionOf(key)
      const data = definition.schema.parse(input)
      const timestamp = definition.inOrder ? instant() : now()
      return orUnavailable(() => addJob(queues, definition, data, { newId, timestamp, delayMs }), deadlineMs)
    },
    close,
  }
}
