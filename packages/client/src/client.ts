import { type Connections, connections } from './connections.ts'
import type { ChangePage, LatestReading, Reading, ReadingPage, SyncStatus } from './contract.ts'
import { type ChangesQuery, changePages, type ReadingsQuery, readingPages, readingsOf } from './pages.ts'
import { type Send, type Signalled, sender } from './request.ts'
import { type RetryOptions, type RetryPolicy, retryPolicy } from './retry.ts'
import { sleep } from './sleep.ts'

export interface ClientOptions {
  /** Where the API is, such as `https://bg.example.com`; it may have a path of its own. */
  readonly baseUrl: string | URL
  /** A JWT for this API, or where to get one; asked before each call, so keep it there as long as it is good. */
  readonly token: string | (() => Promise<string>)
  readonly fetch?: typeof fetch
  /** Of one try, in milliseconds; a `wait` of a sync comes on top. Default 10 s. */
  readonly timeoutMs?: number
  readonly retries?: RetryOptions
  /** For tests: the clock, chance and sleep of this client. */
  readonly time?: Partial<Pick<RetryPolicy, 'random' | 'sleep'>> & { readonly now?: () => number }
}

export interface LatestOptions extends Signalled {
  readonly unit?: Reading['unit']
  /** Of the answer that the caller holds; null is none. */
  readonly etag?: string | null
}

export interface Latest<R = LatestReading> {
  readonly reading: R
  /** For the next call. */
  readonly etag: string | null
}

export interface SyncOptions extends Signalled {
  /** A span of its own, both ends or none. */
  readonly from?: string
  readonly to?: string
  /** How long to wait for its end, at most 30; 0, the default, not at all. */
  readonly waitSeconds?: number
}

/** Every method throws `BgIngestError`, or the reason of its signal. */
export interface BgIngestClient extends Connections {
  /** The newest reading of the sensor; null where nothing has changed since the answer with `etag`. */
  latest(userId: string, options?: LatestOptions & { readonly etag?: never }): Promise<Latest>
  latest(userId: string, options: LatestOptions): Promise<Latest<LatestReading | null>>
  /** The readings of a span, one by one, fetched page by page. */
  readings(userId: string, query?: ReadingsQuery & Signalled): AsyncGenerator<Reading, void, undefined>
  /** The same page by page, with what stands beside the readings. */
  readingPages(userId: string, query?: ReadingsQuery & Signalled): AsyncGenerator<ReadingPage, void, undefined>
  /** What changed behind a sequence, in ranges that are proven to adjoin; ends at the newest. Keep `through`. */
  changes(userId: string, query?: ChangesQuery & Signalled): AsyncGenerator<ChangePage, void, undefined>
  /** Fetches from Dexcom now. Asking twice does no harm. */
  sync(userId: string, options?: SyncOptions): Promise<SyncStatus>
  syncStatus(userId: string, jobId: string, options?: Signalled): Promise<SyncStatus>
}

const TIMEOUT_MS = 10_000

/** A client of one API and one caller. It holds no connection and nothing to close. */
export function createClient(options: ClientOptions): BgIngestClient {
  const { baseUrl, token, timeoutMs = TIMEOUT_MS, retries = {}, time = {} } = options
  const send = sender({
    baseUrl,
    token,
    timeoutMs,
    fetch: options.fetch ?? globalThis.fetch,
    now: time.now ?? Date.now,
    retries: retryPolicy(retries, { random: time.random ?? Math.random, sleep: time.sleep ?? sleep }),
  })
  const pagesOf = (userId: string, { signal, ...query }: ReadingsQuery & Signalled) =>
    readingPages(send, query, { person: personPath(userId), signal })
  return {
    latest: (userId: string, latest: LatestOptions = {}) => newest(send, userId, latest) as Promise<Latest>,
    readings: (userId, query = {}) => readingsOf(pagesOf(userId, query)),
    readingPages: (userId, query = {}) => pagesOf(userId, query),
    changes: (userId, { signal, ...query } = {}) => changePages(send, query, { person: personPath(userId), signal }),
    sync: (userId, sync = {}) => requestSync(send, userId, sync),
    async syncStatus(userId, jobId, { signal } = {}) {
      const path = `${personPath(userId)}/sync/${encodeURIComponent(jobId)}`
      return (await send({ path, signal })).body as SyncStatus
    },
    ...connections(send, personPath),
  }
}

const personPath = (userId: string): string => `/api/bg/${encodeURIComponent(userId)}`

async function newest(send: Send, userId: string, { unit, etag = null, signal }: LatestOptions) {
  const headers = etag ? { 'if-none-match': etag } : {}
  const answer = await send({ path: `${personPath(userId)}/latest`, query: { unit }, headers, signal })
  return { reading: answer.body as LatestReading | null, etag: answer.headers.get('etag') ?? etag }
}

async function requestSync(send: Send, userId: string, { from, to, waitSeconds = 0, signal }: SyncOptions) {
  const { body } = await send({
    method: 'POST',
    path: `${personPath(userId)}/sync`,
    waitMs: waitSeconds * 1000,
    headers: waitSeconds > 0 ? { prefer: `wait=${waitSeconds}` } : {},
    body: from === undefined && to === undefined ? undefined : { from, to },
    signal,
  })
  return body as SyncStatus
}
