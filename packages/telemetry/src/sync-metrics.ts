import { READING_TYPES, type ReadingType, TRIGGERS, type Trigger } from '@bg-ingest/domain'
import { Counter, Histogram, type Registry } from 'prom-client'

const SYNC_OUTCOMES = ['completed', 'retried', 'failed', 'needs_reauth'] as const
/** `retried`: this attempt failed and another follows; `failed`: the sync has given up. */
export type SyncOutcome = (typeof SYNC_OUTCOMES)[number]

const READING_RESULTS = ['stored', 'updated', 'unchanged', 'rejected'] as const
export type ReadingResult = (typeof READING_RESULTS)[number]

const REFRESH_OUTCOMES = ['refreshed', 'rejected', 'unavailable', 'unknown', 'misconfigured'] as const
export type RefreshOutcome = (typeof REFRESH_OUTCOMES)[number]

// A poll is four calls and ends within a second; a 30-day history window or a slow vendor takes minutes.
const SYNC_BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
// Dexcom is 1 h (US) or 3 h (elsewhere) late and we poll every 15 min: a healthy reading comes just above 3600 or
// 10800 s. Below: pushed ones. Above: a sensor backfills 24 h, a receiver is uploaded once a week, history is a month.
const LAG_BUCKETS_SECONDS = [
  60, 300, 900, 1800, 3600, 4500, 5400, 7200, 10800, 11700, 14400, 28800, 86400, 604800, 2592000,
]

export interface FinishedSync {
  readonly trigger: Trigger
  readonly outcome: SyncOutcome
  readonly seconds: number
}

export function syncMetrics(registry: Registry) {
  const registers = [registry]
  const duration = new Histogram({
    name: 'bg_sync_duration_seconds',
    help: 'Duration of one attempt of a sync',
    labelNames: ['trigger', 'outcome'],
    buckets: SYNC_BUCKETS_SECONDS,
    registers,
  })
  const syncs = new Counter({
    name: 'bg_sync_total',
    help: 'Attempts of syncs',
    labelNames: ['trigger', 'outcome'],
    registers,
  })
  const readings = new Counter({
    name: 'bg_readings_total',
    help: 'Readings received from Dexcom, by what became of them',
    labelNames: ['type', 'result'],
    registers,
  })
  const vanished = new Counter({
    name: 'bg_readings_vanished_total',
    help: 'Stored readings that a reconciliation did not find at Dexcom any more, counted anew by each; they are kept',
    labelNames: ['type'],
    registers,
  })
  const lag = new Histogram({
    name: 'bg_reading_lag_seconds',
    help: 'Receipt of a new reading minus its measurement',
    buckets: LAG_BUCKETS_SECONDS,
    registers,
  })
  const refreshes = new Counter({
    name: 'bg_token_refresh_total',
    help: 'Refreshes of access tokens',
    labelNames: ['outcome'],
    registers,
  })
  const unknown = new Counter({
    name: 'bg_dexcom_unknown_values_total',
    help: 'Values of Dexcom that our lists do not know yet, by field',
    labelNames: ['field'],
    registers,
  })
  const problems = new Counter({
    name: 'bg_connection_problems_total',
    help: 'Connections that came to have a problem, by its code',
    labelNames: ['code'],
    registers,
  })
  // Series start at 0: Prometheus cannot see an increase from nothing to 1.
  for (const trigger of TRIGGERS) for (const outcome of SYNC_OUTCOMES) syncs.inc({ trigger, outcome }, 0)
  for (const type of READING_TYPES) for (const result of READING_RESULTS) readings.inc({ type, result }, 0)
  for (const type of ['cgm', 'calibration']) vanished.inc({ type }, 0)
  for (const outcome of REFRESH_OUTCOMES) refreshes.inc({ outcome }, 0)
  return {
    syncFinished({ trigger, outcome, seconds }: FinishedSync): void {
      syncs.inc({ trigger, outcome })
      duration.observe({ trigger, outcome }, seconds)
    },
    readings(type: ReadingType, result: ReadingResult, count: number): void {
      readings.inc({ type, result }, count)
    },
    vanished(type: ReadingType, count: number): void {
      vanished.inc({ type }, count)
    },
    unknownValues(field: string, count: number): void {
      unknown.inc({ field }, count)
    },
    readingLag(seconds: number): void {
      lag.observe(seconds)
    },
    tokenRefresh(outcome: RefreshOutcome): void {
      refreshes.inc({ outcome })
    },
    connectionProblem(code: string): void {
      problems.inc({ code })
    },
  }
}
