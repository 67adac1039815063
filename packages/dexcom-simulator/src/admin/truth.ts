import { type Instant, READING_TYPES, type ReadingType, type Trend, toInstant, type Window } from '@bg-ingest/domain'
import * as z from 'zod'
import type { Account } from '../accounts.ts'
import { type View, visibleRecords } from '../data/visible-records.ts'
import { createWireWriter } from '../data/wire-records.ts'
import type { SourceEgv, SourceRecord } from '../series.ts'

/** One reading that the API would show now, in this project's words. */
export interface TrueReading {
  readonly systemTime: Instant
  readonly type: ReadingType
  /** mg/dL; null where the sensor gave none. */
  readonly value: number | null
  readonly isNull: boolean
  readonly trend: Trend | null
  readonly recordId: string
  readonly transmitterId: string
  /** systemTime of the same measurement on the second device, where that is visible too. */
  readonly twinTime?: Instant
}

export interface Truth {
  /** What a client that lost nothing holds now, oldest first. */
  readonly readings: readonly TrueReading[]
  /** Readings that were taken back: none of them may be held. */
  readonly deleted: readonly TrueReading[]
  /** Readings of a clock that runs ahead: a careful client lets none of them in until their time has come. */
  readonly ahead: readonly TrueReading[]
}

/** `types=` of the question: `cgm,manual`. */
export const TruthTypes = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(READING_TYPES)))

/** More than drift (dexcom-api.md 4): beyond ten minutes a reading lies in the future. */
const AHEAD_MS = 600_000

/** What is true of an account now. Facts decide it; how they are told (quirks, order, bounds …) does not. */
export function truthOf(
  account: Account,
  view: View,
  span: Window,
  types: readonly ReadingType[] = READING_TYPES,
): Truth {
  const visible = visibleRecords(account, view)
  const { recordId } = createWireWriter(account)
  const told = (type: ReadingType, idType: string, record: SourceRecord, value: number | null): TrueReading => ({
    systemTime: toInstant(record.systemTimeMs),
    transmitterId: record.transmitterId,
    type,
    value,
    isNull: value === null,
    trend: null,
    recordId: recordId(idType, record),
  })

  const held: TrueReading[] = []
  const deleted: TrueReading[] = []
  for (const { egv, twin } of withoutTwins(visible.egvs(span, 'oldest-first'))) {
    held.push({
      ...told('cgm', 'egv', egv, egv.value),
      trend: egv.value === null ? 'none' : egv.trend,
      ...(twin && { twinTime: toInstant(twin.systemTimeMs) }),
    })
  }
  for (const record of visible.calibrations(span, 'oldest-first')) {
    held.push(told('calibration', 'calibration', record, record.value))
  }
  for (const record of visible.events(span, 'oldest-first')) {
    if (record.eventType !== 'bloodGlucose') continue
    const reading = told('manual', 'event', record, Number(record.value))
    if (record.eventStatus === 'deleted') deleted.push(reading)
    else held.push(reading)
  }
  const asked = (readings: readonly TrueReading[]) => inOrder(readings.filter(({ type }) => types.includes(type)))
  const latest = toInstant(view.nowMs + AHEAD_MS)
  return {
    readings: asked(held.filter(({ systemTime }) => systemTime <= latest)),
    deleted: asked(deleted),
    ahead: asked(held.filter(({ systemTime }) => systemTime > latest)),
  }
}

/** The readings of truth alone. */
export const trueReadings = (account: Account, view: View, span: Window): readonly TrueReading[] =>
  truthOf(account, view, span).readings

interface Measurement {
  readonly egv: SourceEgv
  readonly twin: SourceEgv | null
}

/** One reading of each measurement: the account's own device is preferred, the other one alone stands for itself. */
function withoutTwins(egvs: Iterable<SourceEgv>): Iterable<Measurement> {
  const byMeasurement = new Map<string, Measurement>()
  for (const egv of egvs) {
    const key = egv.key.split('@', 1)[0] ?? egv.key
    const known = byMeasurement.get(key)
    if (!known) byMeasurement.set(key, { egv, twin: null })
    else if (egv.twin) byMeasurement.set(key, { ...known, twin: egv })
    else byMeasurement.set(key, { egv, twin: known.egv })
  }
  return byMeasurement.values()
}

// Instants sort as text; the sort is stable, so cgm comes before what a person did in the same second.
const inOrder = (readings: readonly TrueReading[]): TrueReading[] =>
  readings.toSorted((a, b) => (a.systemTime < b.systemTime ? -1 : a.systemTime > b.systemTime ? 1 : 0))
