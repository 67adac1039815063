import * as z from 'zod'

/** The three kinds of records that become readings, and where they live under /v3/users/self. */
export const RECORD_TYPES = {
  egv: { path: '/v3/users/self/egvs', type: 'cgm' },
  calibration: { path: '/v3/users/self/calibrations', type: 'calibration' },
  event: { path: '/v3/users/self/events', type: 'manual' },
} as const
export type RecordType = keyof typeof RECORD_TYPES

export const DATA_RANGE_PATH = '/v3/users/self/dataRange'
export const DEVICES_PATH = '/v3/users/self/devices'
export const ALERTS_PATH = '/v3/users/self/alerts'

/** A pseudonym of 64 hex characters; what is much longer is none. */
const AccountId = z.string().min(1).max(200)

/** Wrapper of every list answer: strict about what we rely on, silent about what we do not (Dexcom v3, swagger). */
export const RecordsPage = z.looseObject({
  recordType: z.string(),
  recordVersion: z.unknown().optional(),
  userId: AccountId,
  records: z.array(z.unknown()),
})
export type RecordsPage = z.infer<typeof RecordsPage>

const text = z.string()
const optionalText = z.string().nullish()

/** One record of /egvs. Enums stay open: Dexcom has added values without notice (g715day, 2025-12). */
export const EgvRecord = z.looseObject({
  recordId: text,
  systemTime: text,
  displayTime: optionalText,
  transmitterId: optionalText,
  transmitterTicks: z.number().nullish(),
  value: z.number().nullish(),
  status: optionalText,
  trend: optionalText,
  trendRate: z.number().nullish(),
  unit: optionalText,
  rateUnit: optionalText,
  displayDevice: optionalText,
  transmitterGeneration: optionalText,
  displayApp: optionalText,
})

/** One record of /calibrations. */
export const CalibrationRecord = EgvRecord.omit({ status: true, trend: true, trendRate: true, rateUnit: true })

/** One record of /events; `value` is text there ("112"), and only eventType bloodGlucose is a reading. */
export const EventRecord = z.looseObject({
  recordId: text,
  systemTime: text,
  displayTime: optionalText,
  eventStatus: optionalText,
  eventType: text,
  value: optionalText,
  unit: optionalText,
  transmitterId: optionalText,
  displayDevice: optionalText,
  transmitterGeneration: optionalText,
})

/** One record of /alerts: what a device told its wearer. */
export const AlertRecord = z.looseObject({
  recordId: text,
  systemTime: text,
  displayTime: optionalText,
  alertName: text,
  alertState: optionalText,
})

/** One record of /devices. Its alert schedules are left out on purpose: odd ones have failed whole answers (Tidepool, 2023-03). */
export const DeviceRecord = z.looseObject({
  lastUploadDate: optionalText,
  transmitterId: optionalText,
  transmitterGeneration: optionalText,
  displayDevice: optionalText,
  displayApp: optionalText,
})

const Moment = z.looseObject({ systemTime: text, displayTime: optionalText })
const Span = z.looseObject({ start: Moment, end: Moment }).nullish()

/** Answer of /dataRange; a category without data is null or absent. */
export const DataRange = z.looseObject({
  recordType: z.literal('dataRange'),
  userId: AccountId,
  egvs: Span,
  calibrations: Span,
  events: Span,
})
export type DataRange = z.infer<typeof DataRange>
