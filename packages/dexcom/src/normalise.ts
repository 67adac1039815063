import type { Measurement, ReadingType } from '@bg-ingest/domain'
import { normaliseCalibration } from './calibration.ts'
import { normaliseEgv } from './egv.ts'
import { normaliseEvent } from './fingerstick.ts'
import type { Outcome, RejectReason } from './rejection.ts'

export interface Normalised {
  readonly measurements: readonly Measurement[]
  /** Records set aside, by reason; records that never were readings (insulin, carbs …) are in neither. */
  readonly rejected: ReadonlyMap<RejectReason, number>
}

const BY_TYPE = {
  cgm: normaliseEgv,
  calibration: normaliseCalibration,
  manual: normaliseEvent,
} as const satisfies Record<ReadingType, (record: unknown, nowMs: number) => Outcome>

/**
 * Records as Dexcom sent them -> measurements in the order of the page, and how many were set aside for what reason.
 * Pure and total: no record, however odd, fails its page. `nowMs` (epoch milliseconds) decides what lies in the future.
 */
export function normaliseRecords(type: ReadingType, records: readonly unknown[], nowMs: number): Normalised {
  const measurements: Measurement[] = []
  const rejected = new Map<RejectReason, number>()
  for (const record of records) {
    const outcome = BY_TYPE[type](record, nowMs)
    if (typeof outcome === 'string') count(rejected, hasInfiniteValue(record) ? 'value_range' : outcome)
    else if (outcome) measurements.push(outcome)
  }
  return { measurements, rejected }
}

const count = (rejected: Map<RejectReason, number>, reason: RejectReason) =>
  rejected.set(reason, (rejected.get(reason) ?? 0) + 1)

/** JSON's 1e309 arrives as Infinity, which the wire schemas refuse as no number at all; it is a value out of range. */
function hasInfiniteValue(record: unknown): boolean {
  if (typeof record !== 'object' || record === null || !('value' in record)) return false
  return typeof record.value === 'number' && !Number.isFinite(record.value)
}
