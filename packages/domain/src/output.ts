import * as z from 'zod'
import { CHANGE_KINDS } from './change.ts'
import { inUnit, rateInUnit, UNITS, type Unit } from './glucose.ts'
import { readingId } from './identity.ts'
import { Instant } from './instant.ts'
import { BOUNDS, Device, READING_TYPES, type StoredReading, TRENDS } from './reading.ts'
import { UserId } from './user-id.ts'

/** A reading as the world sees it: REST answers and events (contract: Reading). */
export const PublicReading = z
  .strictObject({
    id: z.string(),
    userId: UserId,
    timestamp: Instant.meta({ description: "Dexcom's systemTime, UTC" }),
    localTime: z
      .string()
      .nullable()
      .meta({ description: 'What the device showed, with its offset where Dexcom sent one' }),
    glucose: z.number().meta({ description: 'In `unit`' }),
    unit: z.enum(UNITS),
    bound: z.enum(BOUNDS).nullable().meta({ description: 'low: below 40 mg/dL, high: above 400 mg/dL' }),
    trend: z.enum(TRENDS).nullable(),
    trendRate: z.number().nullable().meta({ description: '`unit` per minute' }),
    type: z.enum(READING_TYPES),
    device: Device,
    sequence: z.number().int().meta({ description: 'Number of the last change of this reading, per user' }),
    revision: z.number().int().meta({ description: '1 when created, one more with each change of content' }),
    receivedAt: Instant.meta({ description: 'When this revision was stored' }),
  })
  .meta({ id: 'Reading' })
export type PublicReading = z.infer<typeof PublicReading>

export function toPublicReading(reading: StoredReading, unit: Unit = 'mg/dL', idOf = readingId): PublicReading {
  return {
    id: idOf(reading),
    userId: reading.userId,
    timestamp: reading.timestamp,
    localTime: reading.localTime,
    glucose: inUnit(reading.glucose, unit),
    unit,
    bound: reading.bound,
    trend: reading.trend,
    trendRate: rateInUnit(reading.trendRate, unit),
    type: reading.type,
    device: reading.device,
    sequence: reading.sequence,
    revision: reading.revision,
    receivedAt: reading.receivedAt,
  }
}

/** One entry of the change feed and of a `readings.changed` event. */
export const PublicChange = z
  .strictObject({ sequence: z.number().int(), kind: z.enum(CHANGE_KINDS), reading: PublicReading })
  .meta({ id: 'Change' })
export type PublicChange = z.infer<typeof PublicChange>

/** Names, punctuation, numbers and closed words of a change in JSON take less: 462 bytes at their longest. */
const FIXED_BYTES = 512
const jsonBytes = (text: string | null): number => (text === null ? 0 : Buffer.byteLength(JSON.stringify(text)))

/** An upper bound of what a change of this reading takes in a message, in bytes, without building it. */
export function changeBytes({ userId, localTime, device }: StoredReading): number {
  const { transmitterId, generation, display, app } = device
  // User ids are ASCII that JSON leaves as it is.
  return [localTime, transmitterId, generation, display, app].reduce(
    (sum, text) => sum + jsonBytes(text),
    FIXED_BYTES + userId.length,
  )
}
