import { DATA_RANGE_PATH, DataRange, parseWireTime, toSyncTime } from '@bg-ingest/dexcom-contract'
import { epochMs, type Instant, WINDOW_LIMIT_MS } from '@bg-ingest/domain'
import type { Caller } from './caller.ts'
import { type DexcomCall, getData } from './data-call.ts'
import { unreadable } from './refusal.ts'
import type { Timeouts } from './transport.ts'

/** Oldest and newest systemTime, epoch milliseconds; the same where there is one record. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** What an account has, by kind of record and over all of them; null where there is nothing. */
export interface DataSpan {
  readonly dexcomUserId: string
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly egvs: Span | null
  readonly calibrations: Span | null
  readonly events: Span | null
}

/**
 * What there is at all, or only what is new `since` an instant. An instant of more than 30 days ago is not sent, so that
 * everything is answered: Dexcom answers wrongly for more than 100 days (Tidepool, 2024-05-30). An end may lie in the
 * future, by a wrong phone clock; the caller clamps it. Throws AppError.
 */
export async function dataRange(
  caller: Caller,
  call: DexcomCall,
  timeouts: Timeouts,
  since?: Instant,
): Promise<DataSpan> {
  const isRecent = since !== undefined && caller.now() - epochMs(since) <= WINDOW_LIMIT_MS
  const query = isRecent ? { lastSyncTime: toSyncTime(epochMs(since)) } : {}
  const json = await getData(caller, call, { endpoint: 'dataRange', path: DATA_RANGE_PATH, query, timeouts })
  const { data: range } = DataRange.safeParse(json)
  if (!range) throw unreadable()
  const egvs = spanOf(range.egvs)
  const calibrations = spanOf(range.calibrations)
  const events = spanOf(range.events)
  const spans = [egvs, calibrations, events].filter((span) => span !== null)
  return {
    dexcomUserId: range.userId,
    fromMs: spans.length > 0 ? Math.min(...spans.map(({ fromMs }) => fromMs)) : null,
    toMs: spans.length > 0 ? Math.max(...spans.map(({ toMs }) => toMs)) : null,
    egvs,
    calibrations,
    events,
  }
}

function spanOf(span: DataRange['egvs']): Span | null {
  if (span === null || span === undefined) return null
  const start = parseWireTime(span.start.systemTime)
  const end = parseWireTime(span.end.systemTime)
  if (!start || !end) throw unreadable()
  return { fromMs: Math.min(start.epochMs, end.epochMs), toMs: Math.max(start.epochMs, end.epochMs) }
}
