import { hash } from 'node:crypto'
import type { Measurement, StoredReading } from './reading.ts'

const digest = (text: string) => hash('sha256', text, 'base64url')

/**
 * What produced a reading: the transmitter, else the display device. Two uploads of one measurement share it, a
 * reconnect with new record ids keeps it, and two devices that measure in the same second differ in it.
 */
const streamOf = ({ device }: Pick<Measurement, 'device'>): string =>
  digest(device.transmitterId ? `t:${device.transmitterId}` : `d:${device.display ?? ''}`).slice(0, 8)

/** Sort key of a reading, `<timestamp>#<type>#<stream>`: same measurement, same key, however often it comes. */
export type ReadingKey = string & { readonly __readingKey: true }

export const readingKey = (measurement: Pick<Measurement, 'timestamp' | 'type' | 'device'>): ReadingKey =>
  `${measurement.timestamp}#${measurement.type}#${streamOf(measurement)}` as ReadingKey

/** The public id of a reading: opaque, stable over updates and reconnects, different for every person. */
export const readingId = (reading: StoredReading): string =>
  digest(`${reading.userId}\n${readingKey(reading)}`).slice(0, 22)
