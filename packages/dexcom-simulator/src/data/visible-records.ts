import type { Window } from '@bg-ingest/domain'
import type { Account } from '../accounts.ts'
import type { Order, SourceCalibration, SourceEgv, SourceEvent, SourceRecord } from '../series.ts'

/** What the API shows of one account at one instant. */
export interface VisibleRecords {
  readonly egvs: (span: Window, order: Order) => Iterable<SourceEgv>
  readonly calibrations: (span: Window, order: Order) => Iterable<SourceCalibration>
  readonly events: (span: Window, order: Order) => Iterable<SourceEvent>
}

export interface View {
  readonly nowMs: number
  /** How long Dexcom holds back what a phone uploaded, milliseconds. */
  readonly vendorDelayMs: number
}

/** All time, for questions about everything there is. */
export const EVER: Window = { fromMs: -8.64e15, toMs: 8.64e15 }

/**
 * A record is shown once it is uploaded and, from a phone, once it is older than the vendor's delay (dexcom-api.md 12.8).
 * The rule that the delay counts from systemTime is a belief: nothing public says which time it counts from.
 */
export function visibleRecords({ series, device }: Account, { nowMs, vendorDelayMs }: View): VisibleRecords {
  const heldBackFromMs = device.mobile ? nowMs - vendorDelayMs : Number.POSITIVE_INFINITY
  const isVisible = (record: SourceRecord) => record.uploadTimeMs <= nowMs && record.systemTimeMs <= heldBackFromMs
  // Nothing can be uploaded before it was measured, so nothing after now has to be walked.
  const untilNow = ({ fromMs, toMs }: Window): Window => ({ fromMs, toMs: Math.min(toMs, nowMs + 1) })
  return {
    egvs: (span, order) => keep(series.egvs(untilNow(span), order), isVisible),
    calibrations: (span, order) => keep(series.calibrations(untilNow(span), order), isVisible),
    events: (span, order) => keep(series.events(untilNow(span), order), isVisible),
  }
}

function* keep<T>(records: Iterable<T>, isKept: (record: T) => boolean): Generator<T> {
  for (const record of records) if (isKept(record)) yield record
}
