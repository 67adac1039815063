import { type Change, DAY_MS, epochMs, type Instant, toInstant } from '@bg-ingest/domain'

const DAY_SECONDS = 86_400

/**
 * A log item outlives its readings by its own age of a week at least: the numbers of a crashed run, and what waits for a
 * broker that is away, are still there when the next run comes.
 */
const LOG_DAYS = 7

const secondsOf = (instant: Instant) => Math.floor(epochMs(instant) / 1000)

/** DynamoDB's TTL takes a number of seconds since the epoch; milliseconds would never expire. Null: kept for ever. */
export const readingExpiry = (timestamp: Instant, retentionDays: number): number | null =>
  retentionDays > 0 ? secondsOf(timestamp) + retentionDays * DAY_SECONDS : null

/** A log item goes when the last of its readings is past retention: then it has nothing to show any more. */
export function logExpiry(changes: readonly Change[], claimedAt: Instant, retentionDays: number): number | null {
  if (retentionDays === 0) return null
  // Keys begin with their reading's timestamp.
  const newest = changes
    .map(({ key }) => key.slice(0, key.indexOf('#')))
    .sort()
    .at(-1)
  const least = secondsOf(claimedAt) + LOG_DAYS * DAY_SECONDS
  return newest === undefined ? least : Math.max(least, secondsOf(newest as Instant) + retentionDays * DAY_SECONDS)
}

/**
 * The first instant that is not past retention; null where everything is kept. Items stored under a longer retention still
 * carry its expiry, so reads draw the line besides, at the same second.
 */
export const retentionFloor = (retentionDays: number, nowMs: number): Instant | null =>
  retentionDays > 0 ? toInstant((Math.floor((nowMs - retentionDays * DAY_MS) / 1000) + 1) * 1000) : null

const isPast = (item: Record<string, unknown>, floor: Instant | null): boolean =>
  floor !== null && typeof item['timestamp'] === 'string' && item['timestamp'] < floor

/** TTL deletes late, by days: until then every read looks for itself. */
export const isExpired = (item: Record<string, unknown>, nowMs: number, retentionDays: number): boolean =>
  (typeof item['expiresAt'] === 'number' && item['expiresAt'] * 1000 <= nowMs) ||
  isPast(item, retentionFloor(retentionDays, nowMs))
