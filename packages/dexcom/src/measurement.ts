import { localTimeText, parseWireTime } from '@bg-ingest/dexcom-contract'
import { boundOf, type Measurement, type ReadingType, type Trend, toInstant } from '@bg-ingest/domain'
import { readGlucose } from './glucose-value.ts'
import type { RejectReason } from './rejection.ts'

/** A wrong phone clock may lie ahead; ten minutes is more than drift (dexcom-api.md 4), beyond it nothing is `latest`. */
const FUTURE_TOLERANCE_MS = 600_000

/** Dexcom's longest text is a transmitterId of 64 characters; what is longer is not worth a place in the table. */
const TEXT_LIMIT = 200

type Text = string | null | undefined

/** What the three kinds of records have in common. */
interface WireReading {
  readonly recordId: string
  readonly systemTime: string
  readonly displayTime?: Text
  readonly value?: number | null | undefined
  readonly unit?: Text
  readonly transmitterId?: Text
  readonly transmitterTicks?: number | null | undefined
  readonly transmitterGeneration?: Text
  readonly displayDevice?: Text
  readonly displayApp?: Text
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
  nowMs: number,
): Measurement | RejectReason {
  const system = parseWireTime(record.systemTime)
  if (!system) return 'time'
  if (system.epochMs > nowMs + FUTURE_TOLERANCE_MS) return 'future'
  const glucose = readGlucose(record.value, record.unit)
  if (typeof glucose === 'string') return glucose
  const display = record.displayTime ? parseWireTime(record.displayTime) : null
  return {
    timestamp: toInstant(system.epochMs),
    localTime: display && localTimeText(display),
    glucose,
    bound: boundOf(glucose),
    ...arrow,
    type,
    device: {
      transmitterId: textOrNull(record.transmitterId),
      generation: textOrNull(record.transmitterGeneration),
      display: textOrNull(record.displayDevice),
      app: textOrNull(record.displayApp),
    },
    recordId: record.recordId.slice(0, TEXT_LIMIT),
    transmitterTicks: Number.isSafeInteger(record.transmitterTicks) ? (record.transmitterTicks ?? null) : null,
  }
}

/** Some apps send "" for a transmitter they do not know (dexcom-api.md 3.2). */
const textOrNull = (text: Text): string | null => (text ? text.slice(0, TEXT_LIMIT) : null)
