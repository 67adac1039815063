import type { PublicReading } from '@bg-ingest/domain'
import { signDevelopmentToken } from '@bg-ingest/security'

export interface CallOptions {
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is where it is text, else as JSON. */
  readonly body?: unknown
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed text; null where it is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers whose shape is what they check
  readonly json: any
}

/** One call to the API; redirects are shown, not followed. */
export async function call(url: string, method: string, { token, headers, body }: CallOptions = {}): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, json: parsed(text) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const EVERY_SCOPE = ['bg:read', 'bg:sync', 'bg:connect']
const AN_HOUR_S = 3600

export interface TokenOptions {
  readonly scopes?: readonly string[]
  readonly audience?: string
  readonly secret?: string
  /** Negative for one that has expired. */
  readonly ttlSeconds?: number
}

export const tokenOf = (secret: string, sub: string, options: TokenOptions = {}): Promise<string> =>
  signDevelopmentToken({
    secret,
    sub,
    scopes: EVERY_SCOPE,
    audience: 'bg-ingest',
    ttlSeconds: AN_HOUR_S,
    nowMs: Date.now(),
    ...options,
  })

/** What one person, or a service for them, does with the API. */
export interface PersonClient {
  readonly userId: string
  readonly token: string
  /** `path` goes on behind `/api/bg/{userId}`; a whole `/api/...` address is taken as it is. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  /** Every reading there is, oldest first, page by page. */
  everyReading(): Promise<PublicReading[]>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  connection(): Promise<any>
}

const EVER = { from: '2000-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z', order: 'asc', limit: '1000' }

export function personClient(apiUrl: string, userId: string, token: string): PersonClient {
  const person = `/api/bg/${encodeURIComponent(userId)}`
  const callPath = (method: string, path: string, options: CallOptions = {}) =>
    call(`${apiUrl}${path.startsWith('/api/') ? path : `${person}${path}`}`, method, { token, ...options })
  return {
    userId,
    token,
    call: callPath,
    async everyReading() {
      const readings: PublicReading[] = []
      let cursor: string | null = null
      do {
        const query = new URLSearchParams(cursor ? { ...EVER, cursor } : EVER)
        const { status, json, text } = await callPath('GET', `?${query}`)
        if (status !== 200) throw new Error(`a page of readings answered ${status}: ${text}`)
        readings.push(...json.readings)
        cursor = json.next
      } while (cursor !== null)
      return readings
    },
    async connection() {
      const { status, json, text } = await callPath('GET', '/connection')
      if (status !== 200) throw new Error(`the connection answered ${status}: ${text}`)
      return json
    },
  }
}
