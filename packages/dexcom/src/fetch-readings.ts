import { RECORD_TYPES, RecordsPage, type RecordType, toQueryTime } from '@bg-ingest/dexcom-contract'
import { type Deletion, type Measurement, type ReadingType, WINDOW_LIMIT_MS, type Window } from '@bg-ingest/domain'
import type { Caller, DexcomEndpoint } from './caller.ts'
import { type DexcomCall, getData } from './data-call.ts'
import { normaliseRecords } from './normalise.ts'
import { unreadable } from './refusal.ts'
import type { Timeouts } from './transport.ts'

export interface Fetched {
  readonly dexcomUserId: string
  /** Records that could be readings: measurements, rejected ones, and nothing else. */
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
  const json = await getData(caller, call, { endpoint, path, query: windowQuery(window), timeouts })
  const { data: page } = RecordsPage.safeParse(json)
  if (page?.recordType !== recordType) throw unreadable()
  return read(page.userId, type, page.records, caller.now())
}

/** Records in the shape of /egvs that came without being asked for. */
export const readPushed = (dexcomUserId: string, records: readonly unknown[], nowMs: number): Fetched =>
  read(dexcomUserId, 'cgm', records, nowMs)

function read(dexcomUserId: string, type: ReadingType, records: readonly unknown[], nowMs: number): Fetched {
  const { measurements, rejected } = normaliseRecords(type, records, nowMs)
  const setAside = [...rejected.values()].reduce((sum, n) => sum + n, 0)
  const fetched = measurements.length + setAside
  return { dexcomUserId, fetched, measurements, deletions: [], rejected, unknownValues: new Map() }
}

const SECOND_MS = 1000

/**
 * Whole seconds around the window. Where both ends carry the same fraction, rounding outwards would make 30 days and a
 * second, which Dexcom refuses; then the newest fraction waits for the next call (windows overlap by a second).
 */
function windowQuery({ fromMs, toMs }: Window): { startDate: string; endDate: string } {
  if (!(toMs > fromMs) || toMs - fromMs > WINDOW_LIMIT_MS) throw new RangeError('a window spans up to 30 days')
  const start = Math.floor(fromMs / SECOND_MS) * SECOND_MS
  const end = Math.min(Math.ceil(toMs / SECOND_MS) * SECOND_MS, start + WINDOW_LIMIT_MS)
  return { startDate: toQueryTime(start), endDate: toQueryTime(end) }
}
