import type { Window } from '@bg-ingest/domain'
import type { Account } from '../accounts.ts'
import type { Order, SourceAlert, SourceCalibration, SourceEgv, SourceRecord, Walk } from '../series.ts'
import { createEdits } from './edits.ts'
import { type ToldEvent, toldEvents } from './told-events.ts'

/** What the API shows of one account at one instant. */
export interface VisibleRecords {
  readonly egvs: (span: Window, order: Order) => Iterable<SourceEgv>
  readonly calibrations: (span: Window, order: Order) => Iterable<SourceCalibration>
  readonly events: (span: Window, order: Order) => Iterable<ToldEvent>
  readonly alerts: (span: Window, order: Order) => Iterable<SourceAlert>
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
 * Nothing public says which time the delay counts from; by systemTime, a clock that is ahead would never be noticed.
 */
export function visibleRecords(account: Account, { nowMs, vendorDelayMs }: View): VisibleRecords {
  const { series, device, options } = account
  const heldBackFromMs = nowMs - vendorDelayMs
  const delayedBy = {
    measured: ({ systemTimeMs, measuredMs = systemTimeMs }: SourceRecord) => measuredMs,
    systemTime: ({ systemTimeMs }: SourceRecord) => systemTimeMs,
    upload: ({ uploadTimeMs }: SourceRecord) => uploadTimeMs,
  }[options.delayFrom ?? 'measured']
  const isVisible = (record: SourceRecord) =>
    record.uploadTimeMs <= nowMs && (!(record.twin ?? device).mobile || delayedBy(record) <= heldBackFromMs)
  const withEdits = createEdits(options.edits, nowMs)

  function* shown<T extends SourceRecord>(walk: Walk<T>, span: Window, order: Order): Generator<T> {
    for (const record of walk({ ...span, measuredBeforeMs: nowMs + 1 }, order)) if (isVisible(record)) yield record
  }
  return {
    egvs: (span, order) => withEdits(shown(series.egvs, span, order)),
    calibrations: (span, order) => shown(series.calibrations, span, order),
    events: (span, order) => toldEvents(shown(series.events, span, order), { nowMs, ids: options.updatedEventId }),
    alerts: (span, order) => shown(series.alerts, span, order),
  }
}
