import {
  CADENCE_MS,
  epochMs,
  FRESHNESS_STATES,
  freshnessState,
  Instant,
  nextPollMs,
  type StoredReading,
  toInstant,
  type UserId,
} from '@bg-ingest/domain'
import type { ConnectionView } from '@bg-ingest/store/read'
import * as z from 'zod'

export const Freshness = z
  .strictObject({
    state: z.enum(FRESHNESS_STATES),
    ageSeconds: z.number().int(),
    vendorDelaySeconds: z.number().int(),
    expectedNextAt: Instant.nullable(),
  })
  .meta({ id: 'Freshness' })

export interface PollSettings {
  readonly pollIntervalMs: number
  /** The shortest interval of their own that a person may be given. */
  readonly shortestPollMs: number
  readonly vendorDelayMs: (region: string) => number
}

/** What of a connection decides when the next poll comes. */
type Polled = Pick<ConnectionView, 'status' | 'region' | 'pollIntervalSeconds' | 'paused' | 'parkedAt'>

/** The person's own poll interval, or the service's. */
export const intervalMs = (connection: Polled | null, settings: PollSettings): number =>
  connection?.pollIntervalSeconds ? connection.pollIntervalSeconds * 1000 : settings.pollIntervalMs

/** The next poll; null while nobody polls. */
export function nextPollAt(userId: UserId, connection: Polled | null, settings: PollSettings, atMs: number) {
  if (connection?.status !== 'connected' || connection.paused || connection.parkedAt) return null
  return toInstant(nextPollMs(userId, intervalMs(connection, settings), atMs))
}

/** How far the newest reading may be trusted to be the newest there is. */
export function freshnessOf(
  { userId, timestamp }: Pick<StoredReading, 'userId' | 'timestamp'>,
  connection: Polled | null,
  settings: PollSettings,
  nowMs: number,
): z.input<typeof Freshness> {
  const measuredMs = epochMs(timestamp)
  const vendorDelayMs = settings.vendorDelayMs(connection?.region ?? 'default')
  const ageMs = nowMs - measuredMs
  // The reading after this one shows at Dexcom a cadence and the vendor's delay later; the first poll from there on finds it.
  const visibleMs = Math.max(nowMs, measuredMs + CADENCE_MS + vendorDelayMs)
  return {
    state: freshnessState({
      status: connection?.status ?? 'disconnected',
      ageMs,
      vendorDelayMs,
      pollIntervalMs: intervalMs(connection, settings),
    }),
    ageSeconds: Math.max(0, Math.floor(ageMs / 1000)),
    vendorDelaySeconds: vendorDelayMs / 1000,
    expectedNextAt: nextPollAt(userId, connection, settings, visibleMs),
  }
}
