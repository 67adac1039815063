import { hash } from 'node:crypto'
import type { Measurement, StoredReading } from './reading.ts'

const digest = (text: string) => hash('sha256', text, 'base64url')

/**
 * What produced a reading: the transmitter, else the display device. Two uploads of one measurement share it, a
 * reconnect with new record ids keeps it, and two devices that measure in the same second differ in it.
 */
const sourceOf = ({ device }: Pick<Measurement, 'device'>): string =>
  device.transmitterId ? `t:${device.transmitterId}` : `d:${device.display ?? ''}`

const streamOf = (source: string): string => digest(source).slice(0, 8)

/** Sort key of a reading, `<timestamp>#<type>#<stream>`: same measurement, same key, however often it comes. */
export type ReadingKey = string & { readonly __readingKey: true }

type Keyed = Pick<Measurement, 'timestamp' | 'type' | 'device'>

const keyOf = ({ timestamp, type }: Keyed, stream: string) => `${timestamp}#${type}#${stream}` as ReadingKey

export const readingKey = (measurement: Keyed): ReadingKey => keyOf(measurement, streamOf(sourceOf(measurement)))

/**
 * `readingKey` for the readings of one page or batch. They come from one or two devices, and the hash of these is nearly
 * all that a key costs: made once each, 312 keys take 0.02 ms rather than 0.3.
 */
export function readingKeys(): (measurement: Keyed) => ReadingKey {
  const ofTransmitters = new Map<string, string>()
  const ofDisplays = new Map<string, string>()
  return (measurement) => {
    const { transmitterId, display } = measurement.device
    const [streams, name] = transmitterId ? [ofTransmitters, transmitterId] : [ofDisplays, display ?? '']
    const stream = streams.get(name) ?? streamOf(sourceOf(measurement))
    streams.set(name, stream)
    return keyOf(measurement, stream)
  }
}

/** The public id of a reading: opaque, stable over updates and reconnects, different for every person. */
export const readingId = (reading: StoredReading): string => idOf(reading, readingKey(reading))

const idOf = ({ userId }: Pick<StoredReading, 'userId'>, key: ReadingKey): string =>
  digest(`${userId}\n${key}`).slice(0, 22)

export interface ReadingNames {
  key(reading: StoredReading): ReadingKey
  id(reading: StoredReading): string
}

/** Key and public id for the readings of a page. */
export function readingNames(): ReadingNames {
  const key = readingKeys()
  return { key, id: (reading) => idOf(reading, key(reading)) }
}
