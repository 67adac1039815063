import type { Window } from '@bg-ingest/domain'
import type { Device } from '../devices.ts'
import type { Cadence } from '../options/fact-options.ts'
import type { Life, Order, SourceCalibration, SourceEgv, SourceEvent, SourceRecord, Span } from '../series.ts'
import { createCalendar } from './calendar.ts'
import { dayEntries, meterValue } from './day-events.ts'
import { createGlucoseCurve } from './glucose-curve.ts'
import { between, chance, hashText } from './hash.ts'
import { createMeasuringTimes, type MeasuringTime, USUAL_CADENCE_MS, walkNumbers } from './measuring-times.ts'
import { PROFILES, type ProfileName } from './profiles.ts'
import { createSensorSessions } from './sensor-sessions.ts'
import { trendOf } from './trend.ts'
import { uploadTimeOf } from './upload-time.ts'

/** The rate of change is taken over ten minutes. */
const SLOPE_MINUTES = 10

/** No arrow before three readings of a session exist. */
const ARROWLESS_MS = 2 * USUAL_CADENCE_MS

const SALT = { sensor: 21, noise: 23 }

interface GeneratedInput {
  readonly seed: string
  readonly name: string
  readonly profile: ProfileName
  readonly zone: string
  readonly device: Device
  /** Nothing exists before this instant, epoch milliseconds. */
  readonly firstMs: number
  readonly cadence?: Cadence | undefined
  readonly milliseconds?: boolean | undefined
}

/**
 * The life of a made-up person. Every record is a pure function of (seed, name, profile, slot), so any two windows show
 * the same record the same way, and nothing has to be kept.
 */
export function createGeneratedSeries({
  seed,
  name,
  profile: profileName,
  zone,
  device,
  firstMs,
  cadence = [],
  milliseconds = false,
}: GeneratedInput): Life {
  const profile = PROFILES[profileName]
  const dice = hashText(`${seed}\n${name}`)
  const calendar = createCalendar({ profile, seed: dice, zone })
  const glucoseAt = createGlucoseCurve(profile, dice, calendar)
  const sessionAt = createSensorSessions({ seed, user: name, device, phase: chance(dice, SALT.sensor, 0) })
  const times = createMeasuringTimes({ dice, cadence, hasMilliseconds: milliseconds })

  function sourceAt(key: string, systemTimeMs: number): SourceRecord {
    const session = sessionAt(systemTimeMs)
    return {
      key,
      systemTimeMs,
      uploadTimeMs: uploadTimeOf(systemTimeMs, { seed: dice, device, calendar, session }),
      transmitterId: session.transmitterId,
      transmitterTicks: Math.floor((systemTimeMs - session.transmitterStartMs) / 1000),
    }
  }

  const isMissing = (epochMs: number) =>
    epochMs < sessionAt(epochMs).warmUntilMs ||
    calendar.plansAround(epochMs).some(({ dropout }) => dropout && epochMs >= dropout.fromMs && epochMs < dropout.toMs)

  function egvAt({ slot, key, epochMs }: MeasuringTime): SourceEgv {
    const glucose = glucoseAt(epochMs)
    const measured = Math.round(glucose + between(-1, 1, chance(dice, SALT.noise, slot)))
    const slope = (glucose - glucoseAt(epochMs - SLOPE_MINUTES * 60_000)) / SLOPE_MINUTES
    // The sum turns a rounded -0 into 0.
    const rate = Math.round(slope * 10) / 10 + 0
    const hasArrow = epochMs >= sessionAt(epochMs).warmUntilMs + ARROWLESS_MS
    return {
      ...sourceAt(key, epochMs),
      value: measured < 40 ? 39 : measured > 400 ? 401 : measured,
      trend: hasArrow ? trendOf(rate) : 'notComputable',
      trendRate: hasArrow ? rate : null,
    }
  }

  function* egvs(span: Span, order: Order): Generator<SourceEgv> {
    for (const time of times(withinLife(span, firstMs), order)) if (!isMissing(time.epochMs)) yield egvAt(time)
  }

  function* perDay<T extends SourceRecord>(span: Span, order: Order, ofDay: (day: number) => T[]): Generator<T> {
    const { fromMs, toMs } = withinLife(span, firstMs)
    if (fromMs >= toMs) return
    for (const day of walkNumbers(calendar.dayOf(fromMs), calendar.dayOf(toMs), order)) {
      const records = ofDay(day).filter(({ systemTimeMs: at }) => at >= fromMs && at < toMs)
      yield* order === 'oldest-first' ? records : records.reverse()
    }
  }

  const eventsOf = (day: number): SourceEvent[] =>
    dayEntries(calendar.plan(day), profile, glucoseAt).map(({ key, atMs, ...entry }) => ({
      ...sourceAt(`${day}-${key}`, atMs),
      ...entry,
    }))

  const calibrationsOf = (day: number): SourceCalibration[] =>
    calendar
      .plan(day)
      .calibrationsMs.toSorted((a, b) => a - b)
      .map((atMs, i) => ({ ...sourceAt(`${day}-${i}`, atMs), value: meterValue(glucoseAt(atMs)) }))

  return {
    egvs,
    events: (span, order) => perDay(span, order, eventsOf),
    calibrations: (span, order) => perDay(span, order, calibrationsOf),
    sourceAt,
    sessionEndMs: (epochMs) => sessionAt(epochMs).endMs,
    firstMs,
  }
}

const withinLife = ({ fromMs, toMs, measuredBeforeMs = toMs }: Span, firstMs: number): Window => ({
  fromMs: Math.max(fromMs, firstMs),
  toMs: Math.min(toMs, measuredBeforeMs),
})
