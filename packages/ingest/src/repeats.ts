import type { Measurement, ReadingKey } from '@bg-ingest/domain'
import type { Keyed } from './stored-keys.ts'

/** Keeps one measurement of each key and one of each set of twins; the rest is dropped, not lost: it says the same. */
export function withoutRepeats(
  measurements: readonly Measurement[],
  { stored, keyOf }: Keyed,
): { readonly kept: ReadonlyMap<ReadingKey, Measurement>; readonly dropped: readonly Measurement[] } {
  const storedTwins = new Map<string, ReadingKey>()
  for (const [key, reading] of stored) {
    const twin = reading.deleted ? null : twinId(reading)
    if (twin) storedTwins.set(twin, key)
  }
  const kept = new Map<ReadingKey, Measurement>()
  const twins = new Map<string, ReadingKey>()
  const dropped: Measurement[] = []
  for (const measurement of [...measurements].sort(preferred)) {
    const key = keyOf(measurement)
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
export const twinId = ({ type, device, transmitterTicks }: Measurement): string | null =>
  device.transmitterId && transmitterTicks !== null ? `${type}#${device.transmitterId}#${transmitterTicks}` : null

const isPhone = ({ device }: Measurement): boolean => device.display === 'iOS' || device.display === 'android'

/** Phones first, because their clocks are set by the network; then by what they say, so that the choice never flips. */
const preferred = (a: Measurement, b: Measurement): number =>
  Number(isPhone(b)) - Number(isPhone(a)) || compare(a.recordId, b.recordId) || compare(contentOf(a), contentOf(b))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Only to order two versions of one record in one page, of which nothing says which is newer. */
const contentOf = ({ timestamp, type, glucose, trend, trendRate, transmitterTicks }: Measurement): string =>
  [timestamp, type, glucose, trend, trendRate, transmitterTicks].join('#')
