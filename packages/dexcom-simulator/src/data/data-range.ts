import type { Account } from '../accounts.ts'
import type { Order, SourceRecord } from '../series.ts'
import { EVER, type View, type VisibleRecords, visibleRecords } from './visible-records.ts'
import { createWireWriter, type WireWriter } from './wire-records.ts'

/**
 * The answer of /dataRange over what is visible; with `uploadedAfterMs` over what was uploaded since. That `lastSyncTime`
 * goes by upload time is what the documentation intends; it is not proven (dexcom-api.md 3.4).
 */
export function dataRange(account: Account, view: View, uploadedAfterMs: number | null): object {
  const visible = visibleRecords(account, view)
  const write = createWireWriter(account)
  const span = (kind: keyof VisibleRecords) => spanOf((order) => visible[kind](EVER, order), uploadedAfterMs, write)
  return {
    recordType: 'dataRange',
    recordVersion: '3.0',
    userId: account.dexcomUserId,
    calibrations: span('calibrations'),
    egvs: span('egvs'),
    events: span('events'),
  }
}

function spanOf(walk: (order: Order) => Iterable<SourceRecord>, uploadedAfterMs: number | null, write: WireWriter) {
  const first = (order: Order) => {
    for (const record of walk(order))
      if (uploadedAfterMs === null || record.uploadTimeMs > uploadedAfterMs) return record
    return null
  }
  const oldest = first('oldest-first')
  const newest = first('newest-first')
  return oldest && newest ? { start: write.times(oldest.systemTimeMs), end: write.times(newest.systemTimeMs) } : null
}
