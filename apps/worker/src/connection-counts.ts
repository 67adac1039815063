import type { RegistryEntry } from '@bg-ingest/store/write'

const STATUSES = ['connected', 'parked', 'needs_reauth', 'disconnected'] as const
export type ConnectionCounts = Readonly<Record<(typeof STATUSES)[number], number>>

/** How many people there are of each status. A parked one is connected, and counted apart. */
export function countConnections(entries: readonly RegistryEntry[]): ConnectionCounts {
  const counts = { connected: 0, parked: 0, needs_reauth: 0, disconnected: 0 }
  for (const { status, parked } of entries) counts[status === 'connected' && parked ? 'parked' : status] += 1
  return counts
}
