import * as z from 'zod'
import { Instant } from './instant.ts'
import { UserId } from './user-id.ts'

/** Where a reading comes from: the sensor (egvs), a calibration, or a fingerstick typed in (events of bloodGlucose). */
export const READING_TYPES = ['cgm', 'calibration', 'manual'] as const
export type ReadingType = (typeof READING_TYPES)[number]

/** Dexcom v3, swagger: egvs.trend. `unknown` also stands for a value that is newer than this list. */
export const TRENDS = [
  'none',
  'unknown',
  'doubleUp',
  'singleUp',
  'fortyFiveUp',
  'flat',
  'fortyFiveDown',
  'singleDown',
  'doubleDown',
  'notComputable',
  'rateOutOfRange',
] as const
export type Trend = (typeof TRENDS)[number]

/** 39 means "below 40" and 401 "above 400" (Dexcom v3, swagger: egvs.value): never average them as numbers. */
export const BOUNDS = ['low', 'high'] as const
export type Bound = (typeof BOUNDS)[number]

export const Device = z.object({
  /** Dexcom's pseudonym of a transmitter (64 hex); null for a receiver that sent none. */
  transmitterId: z.string().nullable(),
  /** g6, g7, g715day …: an open set, kept as Dexcom wrote it. */
  generation: z.string().nullable(),
  /** iOS, android, receiver …: an open set, kept as Dexcom wrote it. */
  display: z.string().nullable(),
  app: z.string().nullable(),
})
export type Device = z.infer<typeof Device>

/** A reading as Dexcom measured it, before this service numbered it. Glucose is always whole mg/dL. */
export const Measurement = z.object({
  timestamp: Instant,
  localTime: z.string().nullable(),
  glucose: z.number().int(),
  bound: z.enum(BOUNDS).nullable(),
  trend: z.enum(TRENDS).nullable(),
  /** mg/dL per minute. */
  trendRate: z.number().nullable(),
  type: z.enum(READING_TYPES),
  device: Device,
  /** Dexcom's recordId, stable per application only; evidence, never identity. */
  recordId: z.string(),
  /** Seconds since the transmitter started; with transmitterId it tells two uploads of one measurement (twins). */
  transmitterTicks: z.number().int().nullable(),
})
export type Measurement = z.infer<typeof Measurement>

/** Dexcom has taken a reading back: a fingerstick that the person deleted (Dexcom v3, swagger: events.eventStatus). */
export type Deletion = Pick<Measurement, 'timestamp' | 'type' | 'device' | 'recordId'>

/** A measurement that is stored: numbered per user, and counted up each time its content changed. */
export const StoredReading = Measurement.extend({
  userId: UserId,
  sequence: z.number().int().positive(),
  revision: z.number().int().positive(),
  receivedAt: Instant,
  /** Taken back at Dexcom: kept for the change feed, left out of every read. */
  deleted: z.literal(true).optional(),
})
export type StoredReading = z.infer<typeof StoredReading>

export const boundOf = (glucose: number): Bound | null => (glucose < 40 ? 'low' : glucose > 400 ? 'high' : null)
