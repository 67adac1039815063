import { boundOf, type Deletion, type Measurement, type ReadingType, type Trend } from '@bg-ingest/domain'
import { readGlucose } from './glucose-value.ts'
import type { RejectReason } from './rejection.ts'
import { countUnknown, type Page } from './unknown-values.ts'
import { cut, readLocalTime, readTimestamp, textOrNull } from './wire-fields.ts'

/** What the three kinds of records have in common; a field of unknown type is judged where it is read. */
export interface WireReading {
  readonly recordId: string
  readonly systemTime: string
  readonly displayTime?: unknown
  readonly value?: unknown
  readonly unit?: unknown
  readonly transmitterId?: string | null | undefined
  readonly transmitterTicks?: unknown
  readonly transmitterGeneration?: unknown
  readonly displayDevice?: string | null | undefined
  readonly displayApp?: unknown
}

interface Arrow {
  readonly trend: Trend | null
  /** mg/dL per minute. */
  readonly trendRate: number | null
}

export const NO_ARROW: Arrow = { trend: null, trendRate: null }

/** A record of known shape -> measurement, or why not. `timestamp` is systemTime; displayTime is never trusted for order. */
export function toMeasurement(
  type: ReadingType,
  record: WireReading,
  arrow: Arrow,
  page: Page,
): Measurement | RejectReason {
  countUnknown(page, 'unit', record.unit)
  const origin = originOf(type, record, page)
  if (typeof origin === 'string') return origin
  const glucose = readGlucose(record.value, record.unit)
  if (typeof glucose === 'string') return glucose
  const { transmitterTicks } = record
  return {
    timestamp: origin.timestamp,
    localTime: readLocalTime(record.displayTime),
    glucose,
    bound: boundOf(glucose),
    trend: arrow.trend,
    trendRate: arrow.trendRate,
    type,
    device: origin.device,
    recordId: origin.recordId,
    transmitterTicks: isTicks(transmitterTicks) ? transmitterTicks : null,
  }
}

/** When and where a record comes from: all that a deletion has, because what is taken back needs no value. */
export function originOf(type: ReadingType, record: WireReading, page: Page): Deletion | RejectReason {
  countUnknown(page, 'transmitterGeneration', record.transmitterGeneration)
  countUnknown(page, 'displayDevice', record.displayDevice)
  const timestamp = readTimestamp(record.systemTime, page.nowMs)
  if (typeof timestamp === 'string') return timestamp
  return {
    timestamp: timestamp.at,
    type,
    device: {
      transmitterId: textOrNull(record.transmitterId),
      generation: textOrNull(record.transmitterGeneration),
      display: textOrNull(record.displayDevice),
      app: textOrNull(record.displayApp),
    },
    recordId: cut(record.recordId),
  }
}

const isTicks = (value: unknown): value is number => Number.isSafeInteger(value)
