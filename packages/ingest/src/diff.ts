import { type Measurement, type ReadingKey, readingKey, type StoredReading } from '@bg-ingest/domain'

/** A measurement that has to be written, and how. `revision` counts up with each change of content. */
export interface Difference {
  readonly key: ReadingKey
  readonly kind: 'created' | 'updated'
  readonly measurement: Measurement
  readonly revision: number
}

export interface Diff {
  /** In order of time, oldest first. */
  readonly differences: readonly Difference[]
  readonly unchanged: readonly Measurement[]
}

type Stored = ReadonlyMap<ReadingKey, StoredReading>

/**
 * Compares what Dexcom sent with what is stored. Total and pure: the same input gives the same plan. A stored reading
 * whose sequence lies above the committed one counts as changed, because nobody has been told of it.
 */
export function diffReadings(measurements: readonly Measurement[], stored: Stored, committed: number): Diff {
  const { kept, dropped } = withoutRepeats(measurements, stored)
  const differences: Difference[] = []
  const unchanged: Measurement[] = [...dropped]
  for (const [key, measurement] of kept) {
    const known = stored.get(key)
    if (!known) differences.push({ key, kind: 'created', measurement, revision: 1 })
    else if (!sameContent(known, measurement))
      differences.push({ key, kind: 'updated', measurement, revision: known.revision + 1 })
    else if (known.sequence > committed)
      differences.push({
        key,
        kind: known.revision === 1 ? 'created' : 'updated',
        measurement,
        revision: known.revision,
      })
    else unchanged.push(measurement)
  }
  differences.sort((a, b) => compare(a.key, b.key))
  return { differences, unchanged }
}

// Not the device and not the record id: a reconnect or the same upload by another device would look like news.
const sameContent = (a: Measurement, b: Measurement): boolean =>
  a.glucose === b.glucose && a.trend === b.trend && a.trendRate === b.trendRate

/** Keeps one measurement of each key and one of each set of twins; the rest is dropped, not lost: it says the same. */
function withoutRepeats(measurements: readonly Measurement[], stored: Stored) {
  const storedTwins = new Map<string, ReadingKey>()
  for (const [key, reading] of stored) {
    const twin = twinId(reading)
    if (twin) storedTwins.set(twin, key)
  }
  const kept = new Map<ReadingKey, Measurement>()
  const twins = new Map<string, ReadingKey>()
  const dropped: Measurement[] = []
  for (const measurement of [...measurements].sort(preferred)) {
    const key = readingKey(measurement)
    const twin = twinId(measurement)
    const other = twin ? (storedTwins.get(twin) ?? twins.get(twin)) : undefined
    if (kept.has(key) || (other !== undefined && other !== key)) {
      dropped.push(measurement)
      continue
    }
    kept.set(key, measurement)
    if (twin) twins.set(twin, key)
  }
  return { kept, dropped }
}

/**
 * Phone and receiver may upload one measurement, seconds apart by their own clocks: they share transmitter and ticks.
 * Never by time alone: two true readings four seconds apart exist, around a calibration.
 */
const twinId = ({ type, device, transmitterTicks }: Measurement): string | null =>
  device.transmitterId && transmitterTicks !== null ? `${type}#${device.transmitterId}#${transmitterTicks}` : null

const isPhone = ({ device }: Measurement): boolean => device.display === 'iOS' || device.display === 'android'

/** Phones first, because their clocks are set by the network; then by what they say, so that the choice never flips. */
const preferred = (a: Measurement, b: Measurement): number =>
  Number(isPhone(b)) - Number(isPhone(a)) || compare(a.recordId, b.recordId) || compare(contentOf(a), contentOf(b))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Only to order two versions of one record in one page, of which nothing says which is newer. */
const contentOf = ({ timestamp, type, glucose, trend, trendRate, transmitterTicks }: Measurement): string =>
  [timestamp, type, glucose, trend, trendRate, transmitterTicks].join('#')
