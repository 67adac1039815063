import { type Deletion, type Measurement, type ReadingKey, readingKey, type StoredReading } from '@bg-ingest/domain'
import type { Keyed } from './stored-keys.ts'

/**
 * Stored fingersticks that Dexcom no longer has: deleted there, or moved to another time under the same record id. What
 * is not stored, or was taken back before, changes nothing; a key that the page still holds stays.
 */
export function takenBack(
  measurements: readonly Measurement[],
  deletions: readonly Deletion[],
  { stored, keyOf }: Keyed,
): ReadonlyMap<ReadingKey, StoredReading> {
  const fingersticks = measurements.filter(({ type }) => type === 'manual')
  const records = new Set([...fingersticks, ...deletions].map(({ recordId }) => recordId))
  const gone = new Map<ReadingKey, StoredReading>()
  if (records.size === 0) return gone
  const present = new Set(fingersticks.map(keyOf))
  const deleted = new Set(deletions.map(readingKey))
  for (const [key, reading] of stored) {
    if (reading.type !== 'manual' || reading.deleted || present.has(key)) continue
    if (records.has(reading.recordId) || deleted.has(key)) gone.set(key, reading)
  }
  return gone
}
