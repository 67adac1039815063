import { EVENTS } from '@bg-ingest/domain'
import { Counter, Gauge, type Registry } from 'prom-client'

const PUBLISH_OUTCOMES = ['confirmed', 'returned', 'nacked', 'timeout', 'unavailable'] as const
/** `returned`: the broker took it, but no queue wants it. The last three: no confirm, it will be published again. */
export type PublishOutcome = (typeof PUBLISH_OUTCOMES)[number]

export function eventMetrics(registry: Registry) {
  const published = new Counter({
    name: 'bg_events_published_total',
    help: 'Events handed to RabbitMQ',
    labelNames: ['type', 'outcome'],
    registers: [registry],
  })
  // Series start at 0: Prometheus cannot see an increase from nothing to 1.
  for (const { type } of Object.values(EVENTS))
    for (const outcome of PUBLISH_OUTCOMES) published.inc({ type, outcome }, 0)
  let readOutbox: (() => Promise<number>) | null = null
  new Gauge({
    name: 'bg_outbox_pending',
    help: 'Log items that the broker has not confirmed, of the whole fleet',
    registers: [registry],
    async collect() {
      try {
        this.set(await within(OUTBOX_READ_MS, readOutbox))
      } catch {
        // Absent says "unknown", which 0 would not.
        this.remove()
      }
    },
  })
  return {
    /** Says where the number of log items that wait for the broker is asked, at every scrape. */
    collectOutbox(read: () => Promise<number>): void {
      readOutbox = read
    },
    eventPublished(type: string, outcome: PublishOutcome, count: number): void {
      published.inc({ type, outcome }, count)
    },
  }
}

/** A tenth of Prometheus's own patience: Redis answers in a millisecond, or is away. */
const OUTBOX_READ_MS = 1_000

async function within<T>(ms: number, read: (() => Promise<T>) | null): Promise<T> {
  if (!read) throw new Error('nobody has said where to look')
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), ms)
  })
  try {
    return await Promise.race([read(), late])
  } finally {
    clearTimeout(timer)
  }
}
