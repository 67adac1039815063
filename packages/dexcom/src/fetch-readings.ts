import { RECORD_TYPES, type RecordType } from '@bg-ingest/dexcom-contract'
import type { Deletion, Measurement, ReadingType, Window } from '@bg-ingest/domain'
import type { Caller, DexcomEndpoint } from './caller.ts'
import type { DexcomCall } from './data-call.ts'
import { normaliseRecords } from './normalise.ts'
import { readWindow } from './records-page.ts'
import { addTallies, total } from './tally.ts'
import type { Timeouts } from './transport.ts'

export interface Fetched {
  readonly dexcomUserId: string
  /** Records that could be readings: measurements and rejected ones, and nothing else. */
  readonly fetched: number
  readonly measurements: readonly Measurement[]
  readonly deletions: readonly Deletion[]
  readonly rejected: ReadonlyMap<string, number>
  readonly unknownValues: ReadonlyMap<string, number>
}

const WIRE = {
  cgm: { recordType: 'egv', endpoint: 'egvs' },
  calibration: { recordType: 'calibration', endpoint: 'calibrations' },
  manual: { recordType: 'event', endpoint: 'events' },
} as const satisfies Record<ReadingType, { recordType: RecordType; endpoint: DexcomEndpoint }>

/** All readings of one type with a systemTime in the window (at most 30 days). Throws AppError; RangeError for a bad window. */
export async function fetchReadings(
  caller: Caller,
  call: DexcomCall,
  type: ReadingType,
  window: Window,
  timeouts: Timeouts,
): Promise<Fetched> {
  const { recordType, endpoint } = WIRE[type]
  const { path } = RECORD_TYPES[recordType]
  const pages = await readWindow(caller, call, { endpoint, path, recordType, window, timeouts }, (userId, records) =>
    read(userId, type, records, caller.now()),
  )
  const [only, ...further] = pages
  if (further.length === 0) return only
  return {
    dexcomUserId: only.dexcomUserId,
    fetched: pages.reduce((sum, { fetched }) => sum + fetched, 0),
    measurements: pages.flatMap(({ measurements }) => measurements),
    deletions: pages.flatMap(({ deletions }) => deletions),
    rejected: addTallies(pages.map(({ rejected }) => rejected)),
    unknownValues: addTallies(pages.map(({ unknownValues }) => unknownValues)),
  }
}

/** More than this is no push but a page; the webhook refuses it before (contract 3). */
const PUSH_LIMIT = 500

/** Records in the shape of /egvs that came without being asked for. RangeError for more than 500. */
export function readPushed(dexcomUserId: string, records: readonly unknown[], nowMs: number): Fetched {
  if (records.length > PUSH_LIMIT) throw new RangeError('a push holds up to 500 records')
  return read(dexcomUserId, 'cgm', records, nowMs)
}

function read(dexcomUserId: string, type: ReadingType, records: readonly unknown[], nowMs: number): Fetched {
  const { measurements, deletions, rejected, unknownValues } = normaliseRecords(type, records, nowMs)
  return {
    dexcomUserId,
    fetched: measurements.length + total(rejected),
    measurements,
    deletions,
    rejected,
    unknownValues,
  }
}
