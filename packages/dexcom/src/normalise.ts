import type { ListedField } from '@bg-ingest/dexcom-contract'
import type { Deletion, Measurement, ReadingType } from '@bg-ingest/domain'
import { normaliseCalibration } from './calibration.ts'
import { normaliseEgv } from './egv.ts'
import { normaliseEvent } from './fingerstick.ts'
import type { Outcome, RejectReason } from './rejection.ts'
import { count } from './tally.ts'
import { newPage, type Page } from './unknown-values.ts'

export interface Normalised {
  readonly measurements: readonly Measurement[]
  /** Fingersticks that the person has deleted. */
  readonly deletions: readonly Deletion[]
  /** Records set aside, by reason; records that never were readings (insulin, carbs …) are in neither. */
  readonly rejected: ReadonlyMap<RejectReason, number>
  /** Values that Dexcom's lists did not have when this was written, by field, also in records set aside. */
  readonly unknownValues: ReadonlyMap<ListedField, number>
}

const BY_TYPE = {
  cgm: normaliseEgv,
  calibration: normaliseCalibration,
  manual: normaliseEvent,
} as const satisfies Record<ReadingType, (record: unknown, page: Page) => Outcome>

/**
 * Records as Dexcom sent them -> measurements and deletions in the order of the page, and how many were set aside for
 * what reason. Pure and total: no record, however odd, fails its page. `nowMs` (epoch milliseconds) decides what lies in
 * the future.
 */
export function normaliseRecords(type: ReadingType, records: readonly unknown[], nowMs: number): Normalised {
  const page = newPage(nowMs)
  const measurements: Measurement[] = []
  const deletions: Deletion[] = []
  const rejected = new Map<RejectReason, number>()
  for (const record of records) {
    const outcome = BY_TYPE[type](record, page)
    if (outcome === null) continue
    if (typeof outcome === 'string') count(rejected, outcome)
    else if ('deletion' in outcome) deletions.push(outcome.deletion)
    else measurements.push(outcome)
  }
  return { measurements, deletions, rejected, unknownValues: page.unknownValues }
}
