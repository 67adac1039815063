import { type Measurement, type ReadingKey, readingKey, readingKeys, type StoredReading } from '@bg-ingest/domain'

/** What is stored, and under which key of it a measurement belongs. */
export interface Keyed {
  readonly stored: ReadonlyMap<ReadingKey, StoredReading>
  readonly keyOf: (measurement: Measurement) => ReadingKey
}

/**
 * The key under which a measurement is stored, or would be. Dexcom may leave out the transmitter of a record that it has
 * told with it before, or the reverse (empty ones in the wild: dexcom-api.md 3.2): same record, same time, same key.
 */
export function keysIn(stored: Keyed['stored']): Keyed['keyOf'] {
  const byRecord = new Map([...stored].map(([key, reading]) => [recordOf(reading), key]))
  const keyOf = readingKeys()
  return (measurement) => {
    const own = keyOf(measurement)
    return stored.has(own) ? own : (byRecord.get(recordOf(measurement)) ?? own)
  }
}

/** The measurement as it has to be written under its key, which device and transmitter are part of. */
export const underKey = (key: ReadingKey, measurement: Measurement, known: StoredReading | undefined): Measurement =>
  known && key !== readingKey(measurement) ? { ...measurement, device: known.device } : measurement

const recordOf = ({ type, timestamp, recordId }: Measurement): string => `${timestamp}#${type}#${recordId}`
