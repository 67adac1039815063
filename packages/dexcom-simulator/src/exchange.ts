/** What the simulator can be asked, by the names that journal, faults and manners use. */
export const ENDPOINTS = [
  'login',
  'token',
  'egvs',
  'calibrations',
  'events',
  'alerts',
  'dataRange',
  'devices',
  'introspect',
  'streamingState',
  'unknown',
] as const
export type Endpoint = (typeof ENDPOINTS)[number]

/** One request, read whole. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly contentType: string
  readonly authorization: string
  readonly body: string
}

export interface Reply {
  readonly status: number
  /** A list is sent as that many headers of one name. */
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** An iterable is written piece by piece as the client reads. */
  readonly body?: string | Buffer | Iterable<string | Buffer>
}

/** Whom a request is about, as far as its token, code or form says. */
export interface Caller {
  readonly user: string | null
  /** How often the presented token had been refreshed; null without a known token. */
  readonly tokenGeneration: number | null
  /** Calls of a kind are counted together when concurrency is watched. */
  readonly kind: 'data' | 'refresh' | 'other'
  /** A refresh token was presented that had been used before. */
  readonly spentRefreshToken: boolean
  /** A fingerprint of the refresh token that was presented, never the token. */
  readonly refreshTokenPrint?: string
}

export const NOBODY: Caller = { user: null, tokenGeneration: null, kind: 'other', spentRefreshToken: false }

/** A path of the public API, without side effects until `handle`. */
export interface Route {
  readonly endpoint: Endpoint
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly identify: (exchange: Exchange) => Caller
  readonly handle: (exchange: Exchange) => Reply
}

const JSON_TYPE = { 'content-type': 'application/json;charset=UTF-8' }

export const jsonReply = (status: number, body: unknown): Reply => ({
  status,
  headers: JSON_TYPE,
  body: JSON.stringify(body),
})

export const jsonPieces = (pieces: Iterable<string>): Reply => ({ status: 200, headers: JSON_TYPE, body: pieces })

export const textReply = (status: number, body: string): Reply => ({
  status,
  headers: { 'content-type': 'text/plain;charset=UTF-8' },
  body,
})
