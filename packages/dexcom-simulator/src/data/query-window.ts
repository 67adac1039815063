import { parseWireTime } from '@bg-ingest/dexcom-contract'
import { WINDOW_LIMIT_MS, type Window } from '@bg-ingest/domain'

/** Exactly 19 characters: no zone, no fraction, no short form (dexcom-api.md 3.1). */
const QUERY_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/

export type QueryWindow =
  | { readonly kind: 'accepted'; readonly window: Window }
  | {
      readonly kind: 'refused'
      readonly reason: string
      readonly isMalformed: boolean
      readonly seconds: number | null
    }

/** Reads startDate and endDate as Dexcom takes them: UTC, [start, end), at most 30 days. */
export function queryWindow(query: URLSearchParams): QueryWindow {
  const fromMs = queryTime(query, 'startDate')
  const toMs = queryTime(query, 'endDate')
  if (fromMs === null || toMs === null) {
    const reason = 'startDate and endDate must be given once each, as YYYY-MM-DDThh:mm:ss'
    return { kind: 'refused', reason, isMalformed: true, seconds: null }
  }
  const refused = (reason: string): QueryWindow => ({
    kind: 'refused',
    reason,
    isMalformed: false,
    seconds: (toMs - fromMs) / 1000,
  })
  if (fromMs > toMs) return refused('startDate is after endDate')
  if (toMs - fromMs > WINDOW_LIMIT_MS) return refused('more than 30 days')
  return { kind: 'accepted', window: { fromMs, toMs } }
}

function queryTime(query: URLSearchParams, name: string): number | null {
  const [text, second] = query.getAll(name)
  if (text === undefined || second !== undefined || !QUERY_TIME.test(text)) return null
  return parseWireTime(text)?.epochMs ?? null
}
