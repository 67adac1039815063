export const FRESHNESS_STATES = ['current', 'stale', 'needs_reauth', 'disconnected'] as const
export type FreshnessState = (typeof FRESHNESS_STATES)[number]

export const CONNECTION_STATUSES = ['connected', 'needs_reauth', 'disconnected'] as const
export type ConnectionStatus = (typeof CONNECTION_STATUSES)[number]

interface FreshnessInput {
  readonly status: ConnectionStatus
  readonly ageMs: number
  readonly vendorDelayMs: number
  readonly pollIntervalMs: number
}

/** Sensors measure every five minutes. */
export const CADENCE_MS = 300_000

/**
 * How far the newest reading may be trusted to be the newest there is. Dexcom's public API runs an hour or three late,
 * so an old reading is stale only beyond that delay plus two polls. Where polls are quicker than the sensor, the next
 * measurement and the poll that finds it have to be waited for.
 */
export function freshnessState({ status, ageMs, vendorDelayMs, pollIntervalMs }: FreshnessInput): FreshnessState {
  if (status !== 'connected') return status
  const patienceMs = pollIntervalMs + Math.max(pollIntervalMs, CADENCE_MS)
  return ageMs > vendorDelayMs + patienceMs ? 'stale' : 'current'
}
