import * as z from 'zod'
import { concern } from './concern.ts'
import { hours, wholeNumber } from './fields.ts'

const DAY_MS = 86_400_000
/** A week: timers of Node wrap around at 24.8 days, and no one polls that rarely. */
const pollInterval = wholeNumber({ min: 1, max: 604_800 })

/** What the API needs to judge how old a reading may be. */
export const polling = concern(
  z
    .object({ POLL_INTERVAL_SECONDS: pollInterval })
    .transform((env) => ({ intervalMs: env.POLL_INTERVAL_SECONDS * 1000 })),
)

/** `retentionMs` is null where readings are kept for ever. Lookbacks end at 720 h, the widest window Dexcom takes. */
export const sync = concern(
  z
    .object({
      POLL_INTERVAL_SECONDS: pollInterval,
      SYNC_LOOKBACK_HOURS: hours(720),
      RECONCILE_INTERVAL_HOURS: hours(720),
      RETENTION_DAYS: wholeNumber({ min: 0, max: 36_500 }),
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
