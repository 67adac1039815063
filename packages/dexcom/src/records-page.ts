import { RecordsPage, toQueryTime } from '@bg-ingest/dexcom-contract'
import { WINDOW_LIMIT_MS, type Window } from '@bg-ingest/domain'
import type { Caller, DexcomEndpoint } from './caller.ts'
import { type DexcomCall, getData } from './data-call.ts'
import { PageTooLarge, unreadable } from './refusal.ts'
import type { Timeouts } from './transport.ts'

/** How a list endpoint is called, and what its answer calls itself. */
export interface PageRequest {
  readonly endpoint: DexcomEndpoint
  readonly path: string
  readonly recordType: string
  readonly timeouts: Timeouts
}

/** One list answer: its account, and its records of any shape. Throws AppError; a wrong wrapper is `upstream_invalid`. */
export async function getPage(
  caller: Caller,
  call: DexcomCall,
  { recordType, ...request }: PageRequest & { readonly query?: Readonly<Record<string, string>> },
): Promise<Pick<RecordsPage, 'userId' | 'records'>> {
  const { data: page } = RecordsPage.safeParse(await getData(caller, call, request))
  if (page?.recordType !== recordType) throw unreadable()
  return page
}

/**
 * The records of a window (at most 30 days, else RangeError), read by `read` page by page: one, unless Dexcom sends more
 * than we hold; then the halves of the window are asked for instead. Throws AppError.
 */
export async function readWindow<T extends { readonly dexcomUserId: string }>(
  caller: Caller,
  call: DexcomCall,
  request: PageRequest & { readonly window: Window },
  read: (userId: string, records: readonly unknown[]) => T,
): Promise<readonly [T, ...T[]]> {
  const { window, ...page } = request
  try {
    const { userId, records } = await getPage(caller, call, { ...page, query: windowQuery(window) })
    return [read(userId, records)]
  } catch (err) {
    const halves = err instanceof PageTooLarge ? halvesOf(window) : null
    if (!halves) throw err
    const older = await readWindow(caller, call, { ...page, window: halves.older }, read)
    const newer = await readWindow(caller, call, { ...page, window: halves.newer }, read)
    if (older[0].dexcomUserId !== newer[0].dexcomUserId) throw unreadable()
    return [...older, ...newer]
  }
}

const SECOND_MS = 1000
/** An hour holds a dozen readings: where 16 MB do not suffice for that, no smaller window helps. */
const LEAST_WINDOW_MS = 3_600_000

/** They share a second, because Dexcom's end of a window may be exclusive. */
function halvesOf({ fromMs, toMs }: Window): { readonly older: Window; readonly newer: Window } | null {
  if (toMs - fromMs < 2 * LEAST_WINDOW_MS) return null
  const middleMs = fromMs + Math.floor((toMs - fromMs) / 2 / SECOND_MS) * SECOND_MS
  return { older: { fromMs, toMs: middleMs + SECOND_MS }, newer: { fromMs: middleMs, toMs } }
}

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
