import { EVENTS } from '@bg-ingest/domain'
import { Counter, type Registry } from 'prom-client'

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
  return {
    eventPublished(type: string, outcome: PublishOutcome, count: number): void {
      published.inc({ type, outcome }, count)
    },
  }
}
