import { DAY_MS } from '@bg-ingest/domain'
import * as z from 'zod'
import { isZone } from '../zone.ts'

/** Epoch milliseconds, within what a Date can hold. */
const Moment = z.number().int().min(-8.64e15).max(8.64e15)
export const Zone = z.string().refine(isZone, 'must be an IANA time zone')
const Share = z.number().min(0).max(1)

const SpanFields = z.strictObject({ fromMs: Moment, toMs: Moment })
const isForward = ({ fromMs, toMs }: z.infer<typeof SpanFields>) => fromMs < toMs
const BACKWARD = 'fromMs must come before toMs'
const Span = SpanFields.refine(isForward, BACKWARD)

const isApart = (spans: readonly z.infer<typeof SpanFields>[]) =>
  spans.every(({ fromMs }, i) => i === 0 || fromMs >= (spans[i - 1]?.toMs ?? fromMs))

const Offline = SpanFields.extend({
  uploadedAtMs: Moment,
  /** `sensor`: the phone was out of the sensor's reach, which remembers 24 h (G7) or 3 h (G6); the rest is lost. */
  away: z.enum(['phone', 'sensor']).optional(),
})
  .refine(isForward, BACKWARD)
  .refine(({ toMs, uploadedAtMs }) => uploadedAtMs >= toMs, 'uploadedAtMs must not come before toMs')

/** Years ahead have been seen; a century keeps every year at four digits. */
const CENTURY_MS = 36_525 * DAY_MS

const ClockErrors = z
  .array(SpanFields.extend({ aheadMs: z.number().int().min(-CENTURY_MS).max(CENTURY_MS) }).refine(isForward, BACKWARD))
  .refine(isApart, 'clock errors must be in order and must not overlap')

const DeviceClock = z.strictObject({
  driftSecondsPerDay: z.number().min(-3600).max(3600).optional(),
  /** When the drift was nothing; the account's first reading unless told otherwise. */
  setAtMs: Moment.optional(),
  errors: ClockErrors.optional(),
})
export type DeviceClock = Readonly<z.infer<typeof DeviceClock>>

const EventChange = z.union([
  z.strictObject({ fromMs: Moment, value: z.string() }),
  z.strictObject({ fromMs: Moment, deleted: z.literal(true) }),
])
export type EventChange = Readonly<z.infer<typeof EventChange>>

const ScriptedEvent = z.strictObject({
  systemTimeMs: Moment,
  eventType: z.enum(['insulin', 'carbs', 'exercise', 'health', 'bloodGlucose', 'notes']),
  eventSubType: z.string().nullish(),
  value: z.string(),
  unit: z.string().nullish(),
  uploadTimeMs: Moment.optional(),
  changes: z.array(EventChange).optional(),
})
export type ScriptedEvent = Readonly<z.infer<typeof ScriptedEvent>>

const Pair = z.strictObject({
  atMs: Moment,
  first: z.number().int(),
  second: z.number().int(),
  apartMs: z.number().int().min(2000).max(60_000).multipleOf(1000).optional(),
})
export type Pair = Readonly<z.infer<typeof Pair>>

const EventLife = z.strictObject({
  updatedShare: Share.optional(),
  deletedShare: Share.optional(),
  /** How long after its upload an entry is changed. */
  afterMs: z.number().int().min(0).optional(),
})
export type EventLife = Readonly<z.infer<typeof EventLife>>

const Twin = z.strictObject({
  device: z.enum(['receiver', 'watch']),
  secondsApart: z.number().int().min(-60).max(60).optional(),
  share: Share.optional(),
})
export type Twin = Readonly<z.infer<typeof Twin>>

/** What happens to a person and their devices, beyond profile and recording: docs/simulator.md, "Facts". */
export const FACT_OPTIONS = {
  travel: z.array(z.strictObject({ atMs: Moment, zone: Zone })).optional(),
  clock: DeviceClock.optional(),
  gaps: z.array(Span).optional(),
  offline: z.array(Offline).optional(),
  held: z.array(SpanFields.extend({ value: z.number().int() }).refine(isForward, BACKWARD)).optional(),
  sensorErrors: z.array(Span).optional(),
  pairs: z.array(Pair).optional(),
  edits: z.array(z.strictObject({ systemTimeMs: Moment, value: z.number().int(), fromMs: Moment })).optional(),
  events: z.array(ScriptedEvent).optional(),
  calibrations: z
    .array(z.strictObject({ systemTimeMs: Moment, value: z.number().int(), uploadTimeMs: Moment.optional() }))
    .optional(),
  eventLife: EventLife.optional(),
  twin: Twin.optional(),
}

/** Cadence of a made-up person: from each moment on, a reading every so many minutes. */
export const Cadence = z
  .array(z.strictObject({ fromMs: Moment, minutes: z.union([z.literal(1), z.literal(5), z.literal(15)]) }))
  .refine(
    (steps) => steps.every(({ fromMs }, i) => i === 0 || fromMs > (steps[i - 1]?.fromMs ?? fromMs)),
    'must be in order',
  )
export type Cadence = Readonly<z.infer<typeof Cadence>>

const Facts = z.strictObject(FACT_OPTIONS)
export type Facts = Readonly<z.infer<typeof Facts>>
