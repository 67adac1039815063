import type { RecordType } from '@bg-ingest/dexcom-contract'
import type { Window } from '@bg-ingest/domain'
import type { Account } from '../accounts.ts'
import { type View, visibleRecords } from './visible-records.ts'
import { createWireWriter } from './wire-records.ts'

/** About 110 KB of text a piece: large enough to be quick, small enough to keep memory flat. */
const RECORDS_A_PIECE = 200

/** The JSON of one list answer, in pieces, newest record first; made while it is sent. */
export function* recordPage(recordType: RecordType, account: Account, view: View, window: Window): Generator<string> {
  let piece = `{"recordType":"${recordType}","recordVersion":"3.0","userId":"${account.dexcomUserId}","records":[`
  let count = 0
  for (const record of wireRecords(recordType, account, view, window)) {
    piece += (count === 0 ? '' : ',') + JSON.stringify(record)
    count += 1
    if (count % RECORDS_A_PIECE !== 0) continue
    yield piece
    piece = ''
  }
  yield `${piece}]}`
}

function* wireRecords(recordType: RecordType, account: Account, view: View, window: Window): Generator<object> {
  const visible = visibleRecords(account, view)
  const write = createWireWriter(account)
  switch (recordType) {
    case 'egv':
      for (const record of visible.egvs(window, 'newest-first')) yield write.egv(record)
      break
    case 'calibration':
      for (const record of visible.calibrations(window, 'newest-first')) yield write.calibration(record)
      break
    case 'event':
      for (const record of visible.events(window, 'newest-first')) yield write.event(record)
      break
    default:
      recordType satisfies never
  }
}
