import type { Deletion, Measurement, ReadingKey, StoredReading } from '@bg-ingest/domain'
import { withoutRepeats } from './repeats.ts'
import { keysIn, underKey } from './stored-keys.ts'
import { takenBack } from './taken-back.ts'

/** A reading that has to be written, and how. `revision` counts up with each change of content. */
export interface Difference {
  readonly key: ReadingKey
  readonly kind: 'created' | 'updated' | 'deleted'
  /** What Dexcom has now; where it has taken the reading back, the reading as it last was. */
  readonly measurement: Measurement
  readonly revision: number
}

export interface Diff {
  /** In order of time, oldest first. */
  readonly differences: readonly Difference[]
  readonly unchanged: readonly Measurement[]
}

export type Stored = ReadonlyMap<ReadingKey, StoredReading>

/**
 * Compares what Dexcom sent with what is stored. Total and pure: the same input gives the same plan. A stored reading
 * whose sequence lies above the committed one counts as changed, because nobody has been told of it. One that was
 * taken back counts as absent, but its revisions go on.
 */
export function diffReadings(
  measurements: readonly Measurement[],
  stored: Stored,
  committed: number,
  deletions: readonly Deletion[] = [],
): Diff {
  const keyOf = keysIn(stored)
  const gone = takenBack(measurements, deletions, { stored, keyOf })
  // A moved fingerstick may have kept its ticks: it is no twin of where it was.
  const staying = new Map([...stored].filter(([key]) => !gone.has(key)))
  const { kept, dropped } = withoutRepeats(measurements, { stored: staying, keyOf })
  const differences: Difference[] = []
  const unchanged: Measurement[] = [...dropped]
  for (const [key, measurement] of kept) {
    const known = stored.get(key)
    const change = changeOf(measurement, known, committed)
    if (change) differences.push({ key, measurement: underKey(key, measurement, known), ...change })
    else unchanged.push(measurement)
  }
  for (const [key, reading] of gone)
    differences.push({ key, kind: 'deleted', measurement: reading, revision: reading.revision + 1 })
  differences.sort((a, b) => (a.key < b.key ? -1 : 1))
  return { differences, unchanged }
}

function changeOf(
  measurement: Measurement,
  known: StoredReading | undefined,
  committed: number,
): Pick<Difference, 'kind' | 'revision'> | null {
  if (!known) return { kind: 'created', revision: 1 }
  if (known.deleted) return { kind: 'created', revision: known.revision + 1 }
  if (!sameContent(known, measurement)) return { kind: 'updated', revision: known.revision + 1 }
  if (known.sequence > committed)
    return { kind: known.revision === 1 ? 'created' : 'updated', revision: known.revision }
  return null
}

// Not the device and not the record id: a reconnect or the same upload by another device would look like news.
const sameContent = (a: Measurement, b: Measurement): boolean =>
  a.glucose === b.glucose && a.trend === b.trend && a.trendRate === b.trendRate
