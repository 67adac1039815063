import type { UserId } from '@bg-ingest/domain'
import type { Job, Queue } from 'bullmq'
import { firstJobId } from './job-id.ts'
import { jobs } from './jobs.ts'
import { userKey } from './user-key.ts'

export interface WebhookDelivery {
  readonly userId: UserId
  /** The sender's id of this delivery, the same over all its tries. */
  readonly webhookId: string
  /** Pushed readings, encrypted; null for a notice that there is something to fetch. */
  readonly sealed: string | null
  /** Of the body: tells a repeat from another delivery under an id that is taken. */
  readonly digest: string
  readonly requestId: string
}

export interface AcceptedWebhook {
  readonly jobId: string
  /** This id was accepted before; nothing was added. */
  readonly duplicate: boolean
  /** False where the earlier delivery of this id had another body, as far as it is still known. */
  readonly sameBody: boolean
}

interface Context {
  readonly queue: Queue
  readonly now: () => number
  readonly newId: () => string
}

/** Longer than senders go on trying: 5 s, 30 s, 2 min, 10 min, 1 h, 6 h. Afterwards a repeat is one more sync, no harm. */
const REMEMBERED_MS = 24 * 3_600_000

const { name, schema, priority, options } = jobs.ingestPush

/**
 * Takes a delivery in. BullMQ claims the id and adds the job in one script, so a crash leaves both or neither, and the
 * sender's next try is neither lost nor done twice. The claim outlives the job.
 */
export async function acceptWebhook(
  { queue, now, newId }: Context,
  delivery: WebhookDelivery,
): Promise<AcceptedWebhook> {
  const { webhookId, ...rest } = delivery
  const data = schema.parse({ v: 1, ...rest })
  const ours = firstJobId(newId())
  const added = await queue.add(name, data, {
    ...options,
    jobId: ours,
    priority: priority(data),
    timestamp: now(),
    deduplication: { id: userKey(delivery.userId, 'webhook', webhookId), ttl: REMEMBERED_MS },
  })
  const jobId = added.id ?? ours
  if (jobId === ours) return { jobId, duplicate: false, sameBody: true }
  const earlier: Job | undefined = await queue.getJob(jobId)
  return { jobId, duplicate: true, sameBody: !earlier || earlier.data.digest === delivery.digest }
}
