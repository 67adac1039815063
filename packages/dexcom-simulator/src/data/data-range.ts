import { DAY_MS } from '@bg-ingest/domain'
import type { Account } from '../accounts.ts'
import type { Order, SourceRecord } from '../series.ts'
import { EVER, type View, type VisibleRecords, visibleRecords } from './visible-records.ts'
import { createWireWriter, type WireWriter } from './wire-records.ts'

/** Tidepool saw wrong answers for a lastSyncTime that was older than this (dexcom-api.md 3.4). */
const RELIABLE_MS = 100 * DAY_MS

/**
 * The answer of /dataRange over what is visible; with `sinceMs` over what is new since, by upload time unless the options
 * say otherwise. That is what the documentation intends; it is not proven (dexcom-api.md 3.4).
 */
export function dataRange(account: Account, view: View, sinceMs: number | null): object {
  const { basis = 'upload', old = 'right' } = account.options.lastSync ?? {}
  const isOld = sinceMs !== null && view.nowMs - sinceMs > RELIABLE_MS
  const visible = visibleRecords(account, view)
  const write = createWireWriter(account)
  const timeOf = ({ uploadTimeMs, systemTimeMs }: SourceRecord) => (basis === 'upload' ? uploadTimeMs : systemTimeMs)
  const isNew = (record: SourceRecord) =>
    sinceMs === null || (isOld && old === 'everything') || timeOf(record) > sinceMs
  const span = (kind: Exclude<keyof VisibleRecords, 'alerts'>) =>
    isOld && old === 'nulls' ? null : spanOf((order) => visible[kind](EVER, order), isNew, write)
  return {
    recordType: 'dataRange',
    recordVersion: '3.0',
    userId: account.shownUserId,
    calibrations: span('calibrations'),
    egvs: span('egvs'),
    events: span('events'),
  }
}

function spanOf(
  walk: (order: Order) => Iterable<SourceRecord>,
  isNew: (record: SourceRecord) => boolean,
  write: WireWriter,
) {
  const first = (order: Order) => {
    for (const record of walk(order)) if (isNew(record)) return record
    return null
  }
  const oldest = first('oldest-first')
  const newest = first('newest-first')
  return oldest && newest ? { start: write.times(oldest.systemTimeMs), end: write.times(newest.systemTimeMs) } : null
}
