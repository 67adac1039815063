import { Counter, Histogram, type Registry } from 'prom-client'

const WEBHOOK_OUTCOMES = [
  'accepted',
  'duplicate',
  'unauthorized',
  'forbidden',
  'not_connected',
  'invalid',
  'unavailable',
] as const
/** `unauthorized`: a proof is missing or wrong; `invalid`: the proofs are good and the body is not. */
export type WebhookOutcome = (typeof WEBHOOK_OUTCOMES)[number]

const CONFLICTS = ['body', 'person'] as const
export type WebhookConflict = (typeof CONFLICTS)[number]

// The requirement is 5 s; a killed worker's job runs again within 16 s.
const BUCKETS_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 16, 30, 60]

export function webhookMetrics(registry: Registry) {
  const registers = [registry]
  const deliveries = new Counter({
    name: 'bg_webhook_total',
    help: 'Webhook deliveries, by what became of them',
    labelNames: ['outcome'],
    registers,
  })
  const processing = new Histogram({
    name: 'bg_webhook_processing_seconds',
    help: 'From a delivery accepted to its readings stored',
    buckets: BUCKETS_SECONDS,
    registers,
  })
  const conflicts = new Counter({
    name: 'bg_webhook_conflicts_total',
    help: 'Well proven deliveries whose id came before, by what differs',
    labelNames: ['differs'],
    registers,
  })
  // Series start at 0: Prometheus cannot see an increase from nothing to 1.
  for (const outcome of WEBHOOK_OUTCOMES) deliveries.inc({ outcome }, 0)
  for (const differs of CONFLICTS) conflicts.inc({ differs }, 0)
  return {
    webhook(outcome: WebhookOutcome): void {
      deliveries.inc({ outcome })
    },
    webhookConflict(differs: WebhookConflict): void {
      conflicts.inc({ differs })
    },
    webhookProcessed(seconds: number): void {
      processing.observe(seconds)
    },
  }
}
