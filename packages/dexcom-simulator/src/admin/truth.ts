import { type Instant, type ReadingType, type Trend, toInstant, type Window } from '@bg-ingest/domain'
import type { Account } from '../accounts.ts'
import { type View, visibleRecords } from '../data/visible-records.ts'
import { createWireWriter } from '../data/wire-records.ts'

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
}

/** Every reading of an account that is visible now, oldest first: what a client that lost nothing has stored. */
export function trueReadings(account: Account, view: View, span: Window): TrueReading[] {
  const visible = visibleRecords(account, view)
  const write = createWireWriter(account)
  const readings: TrueReading[] = []
  for (const record of visible.egvs(span, 'oldest-first')) {
    const trend = record.value === null ? 'none' : record.trend
    readings.push({
      ...common(record),
      type: 'cgm',
      ...glucose(record.value),
      trend,
      recordId: write.recordId('egv', record),
    })
  }
  for (const record of visible.calibrations(span, 'oldest-first')) {
    const recordId = write.recordId('calibration', record)
    readings.push({ ...common(record), type: 'calibration', ...glucose(record.value), trend: null, recordId })
  }
  for (const record of visible.events(span, 'oldest-first')) {
    if (record.eventType !== 'bloodGlucose') continue
    const recordId = write.recordId('event', record)
    readings.push({ ...common(record), type: 'manual', ...glucose(Number(record.value)), trend: null, recordId })
  }
  // Instants sort as text; the sort is stable, so cgm comes before what a person did in the same second.
  return readings.sort((a, b) => (a.systemTime < b.systemTime ? -1 : a.systemTime > b.systemTime ? 1 : 0))
}

const common = (record: { readonly systemTimeMs: number; readonly transmitterId: string }) => ({
  systemTime: toInstant(record.systemTimeMs),
  transmitterId: record.transmitterId,
})

const glucose = (value: number | null) => ({ value, isNull: value === null })
