import type { Window } from '@bg-ingest/domain'
import type { Device } from '../devices.ts'
import type { Order, Series, SourceCalibration, SourceEgv, SourceEvent, SourceRecord } from '../series.ts'
import { createCalendar } from './calendar.ts'
import { dayEntries, meterValue } from './day-events.ts'
import { createGlucoseCurve } from './glucose-curve.ts'
import { between, chance, hashText } from './hash.ts'
import { PROFILES, type ProfileName } from './profiles.ts'
import { createSensorSessions } from './sensor-sessions.ts'
import { trendOf } from './trend.ts'
import { uploadTimeOf } from './upload-time.ts'

/** A reading every 300 s, give or take 2 s (dexcom-api.md 5). */
const CADENCE_MS = 300_000
const JITTER_MS = 2000

/** The rate of change is taken over ten minutes. */
const SLOPE_MINUTES = 10

/** No arrow before three readings of a session exist. */
const ARROWLESS_MS = 2 * CADENCE_MS

const SALT = { phase: 20, sensor: 21, jitter: 22, noise: 23 }

interface GeneratedInput {
  readonly seed: string
  readonly name: string
  readonly profile: ProfileName
  readonly zone: string
  readonly device: Device
  /** Nothing exists before this instant, epoch milliseconds. */
  readonly firstMs: number
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
}: GeneratedInput): Series {
  const profile = PROFILES[profileName]
  const dice = hashText(`${seed}\n${name}`)
  const calendar = createCalendar({ profile, seed: dice, zone })
  const glucoseAt = createGlucoseCurve(profile, dice, calendar)
  const sessionAt = createSensorSessions({ seed, user: name, device, phase: chance(dice, SALT.sensor, 0) })
  const phaseMs = Math.floor((chance(dice, SALT.phase, 0) * CADENCE_MS) / 1000) * 1000

  const timeOf = (slot: number) =>
    slot * CADENCE_MS +
    phaseMs +
    Math.round(between(-JITTER_MS, JITTER_MS, chance(dice, SALT.jitter, slot)) / 1000) * 1000

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

  function egvAt(slot: number, epochMs: number): SourceEgv {
    const glucose = glucoseAt(epochMs)
    const measured = Math.round(glucose + between(-1, 1, chance(dice, SALT.noise, slot)))
    const slope = (glucose - glucoseAt(epochMs - SLOPE_MINUTES * 60_000)) / SLOPE_MINUTES
    // The sum turns a rounded -0 into 0.
    const rate = Math.round(slope * 10) / 10 + 0
    const hasArrow = epochMs >= sessionAt(epochMs).warmUntilMs + ARROWLESS_MS
    return {
      ...sourceAt(String(slot), epochMs),
      value: measured < 40 ? 39 : measured > 400 ? 401 : measured,
      trend: hasArrow ? trendOf(rate) : 'notComputable',
      trendRate: hasArrow ? rate : null,
    }
  }

  function* egvs(span: Window, order: Order): Generator<SourceEgv> {
    const { fromMs, toMs } = withinLife(span, firstMs)
    const slots = {
      first: Math.floor((fromMs - phaseMs - JITTER_MS) / CADENCE_MS),
      last: Math.ceil((toMs - phaseMs + JITTER_MS) / CADENCE_MS),
    }
    for (const slot of walk(slots, order)) {
      const epochMs = timeOf(slot)
      if (epochMs >= fromMs && epochMs < toMs && !isMissing(epochMs)) yield egvAt(slot, epochMs)
    }
  }

  function* perDay<T extends SourceRecord>(span: Window, order: Order, ofDay: (day: number) => T[]): Generator<T> {
    const { fromMs, toMs } = withinLife(span, firstMs)
    if (fromMs >= toMs) return
    for (const day of walk({ first: calendar.dayOf(fromMs), last: calendar.dayOf(toMs) }, order)) {
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
  }
}

const withinLife = ({ fromMs, toMs }: Window, firstMs: number): Window => ({ fromMs: Math.max(fromMs, firstMs), toMs })

function* walk({ first, last }: { readonly first: number; readonly last: number }, order: Order): Generator<number> {
  if (order === 'oldest-first') for (let n = first; n <= last; n++) yield n
  else for (let n = last; n >= first; n--) yield n
}
