import { DATA_RANGE_PATH, DataRange, parseWireTime } from '@bg-ingest/dexcom-contract'
import type { Caller } from './caller.ts'
import { type DexcomCall, getData } from './data-call.ts'
import { unreadable } from './refusal.ts'
import type { Timeouts } from './transport.ts'

export interface DataSpan {
  readonly dexcomUserId: string
  /** Oldest and newest systemTime over egvs, calibrations and events, epoch milliseconds; null without data. */
  readonly fromMs: number | null
  readonly toMs: number | null
}

/**
 * What there is at all. Without lastSyncTime, which answers wrongly for times older than 100 days (Tidepool,
 * 2024-05-30). The end may lie in the future: a wrong phone clock. Throws AppError.
 */
export async function dataRange(caller: Caller, call: DexcomCall, timeouts: Timeouts): Promise<DataSpan> {
  const json = await getData(caller, call, { endpoint: 'dataRange', path: DATA_RANGE_PATH, timeouts })
  const { data: range } = DataRange.safeParse(json)
  if (!range) throw unreadable()
  const spans = [range.egvs, range.calibrations, range.events].filter((span) => span !== null && span !== undefined)
  const starts = spans.map((span) => momentMs(span.start.systemTime))
  const ends = spans.map((span) => momentMs(span.end.systemTime))
  return {
    dexcomUserId: range.userId,
    fromMs: starts.length > 0 ? Math.min(...starts) : null,
    toMs: ends.length > 0 ? Math.max(...ends) : null,
  }
}

function momentMs(text: string): number {
  const time = parseWireTime(text)
  if (!time) throw unreadable()
  return time.epochMs
}
