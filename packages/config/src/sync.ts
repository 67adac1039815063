import * as z from 'zod'
import { concern } from './concern.ts'
import { hours, wholeNumber } from './fields.ts'

const DAY_MS = 86_400_000
/** A week: timers of Node wrap around at 24.8 days, and no one polls that rarely. */
const pollInterval = wholeNumber({ min: 1, max: 604_800 })

/** Quicker polls find nothing new, since sensors measure every five minutes, and spend everybody's call budget. */
const SHORTEST_IN_PRODUCTION_MS = 60_000
const SHORTEST_MS = 1_000

/** What the API needs to judge how old a reading may be, and how often a person may be polled. */
export const polling = concern(
  z.object({ NODE_ENV: z.string().optional(), POLL_INTERVAL_SECONDS: pollInterval }).transform((env) => {
    const intervalMs = env.POLL_INTERVAL_SECONDS * 1000
    const shortestMs = env.NODE_ENV === 'production' ? SHORTEST_IN_PRODUCTION_MS : SHORTEST_MS
    return { intervalMs, shortestMs: Math.min(intervalMs, shortestMs) }
  }),
)

const retentionDays = wholeNumber({ min: 0, max: 36_500 })

/** What is older is not shown; 0 shows everything. */
export const retention = concern(
  z.object({ RETENTION_DAYS: retentionDays }).transform((env) => ({ days: env.RETENTION_DAYS })),
)

/** `retentionMs` is null where readings are kept for ever. Lookbacks end at 720 h, the widest window Dexcom takes. */
export const sync = concern(
  z
    .object({
      POLL_INTERVAL_SECONDS: pollInterval,
      SYNC_LOOKBACK_HOURS: hours(720),
      RECONCILE_INTERVAL_HOURS: hours(720),
      RETENTION_DAYS: retentionDays,
      WORKER_CONCURRENCY: wholeNumber({ min: 1, max: 10_000 }),
    })
    .transform((env) => ({
      pollIntervalMs: env.POLL_INTERVAL_SECONDS * 1000,
      lookbackMs: env.SYNC_LOOKBACK_HOURS,
      reconcileIntervalMs: env.RECONCILE_INTERVAL_HOURS,
      retentionMs: env.RETENTION_DAYS === 0 ? null : env.RETENTION_DAYS * DAY_MS,
      concurrency: env.WORKER_CONCURRENCY,
    })),
)
