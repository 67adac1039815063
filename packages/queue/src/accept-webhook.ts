import { createHash } from 'node:crypto'
import type { UserId } from '@bg-ingest/domain'
import type { Queue } from 'bullmq'
import { firstJobId } from './job-id.ts'
import { jobs } from './jobs.ts'

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
  /** False where the earlier delivery of this id was of another person. */
  readonly samePerson: boolean
  /** False where the earlier delivery of this id had another body. */
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

/** 48 bits: two deliveries that share them by chance are told apart by nothing, and one of them is taken for the other. */
const PRINT_LENGTH = 12
const PRINTS = new RegExp(`-([0-9a-f]{${PRINT_LENGTH}})([0-9a-f]{${PRINT_LENGTH}})_0$`)
const hex = (...parts: readonly string[]) => createHash('sha256').update(parts.join('\n')).digest('hex')

/**
 * Takes a delivery in. BullMQ claims the id and adds the job in one script, so a crash leaves both or neither, and the
 * sender's next try is neither lost nor done twice. The signature covers id and body but not the address, so an id is
 * claimed for all people together: what was sent for one cannot be had again for another. The claim is the job's id and
 * outlives the job; what it was for is read off that id.
 */
export async function acceptWebhook(
  { queue, now, newId }: Context,
  delivery: WebhookDelivery,
): Promise<AcceptedWebhook> {
  const { webhookId, ...rest } = delivery
  const data = schema.parse({ v: 1, ...rest })
  const person = hex('person', webhookId, delivery.userId).slice(0, PRINT_LENGTH)
  const body = hex('body', webhookId, delivery.digest).slice(0, PRINT_LENGTH)
  const ours = firstJobId(`${newId()}-${person}${body}`)
  const added = await queue.add(name, data, {
    ...options,
    jobId: ours,
    priority: priority(data),
    timestamp: now(),
    deduplication: { id: claimOf(webhookId), ttl: REMEMBERED_MS },
  })
  const jobId = added.id ?? ours
  const [, ofPerson, ofBody] = PRINTS.exec(jobId) ?? []
  return { jobId, duplicate: jobId !== ours, samePerson: ofPerson === person, sameBody: ofBody === body }
}

/** As a Redis key part: an id may hold ':', which BullMQ's may not. */
const claimOf = (webhookId: string): string => createHash('sha256').update(`webhook\n${webhookId}`).digest('base64url')
