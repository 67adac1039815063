import { BgIngestError, errorOf } from './problem.ts'
import { type RetryPolicy, withRetries } from './retry.ts'

export interface Signalled {
  /** Ends the call, and the pauses between its tries; its reason is thrown. */
  readonly signal?: AbortSignal
}

export interface RequestOptions {
  /** Behind the base address, percent-encoded. */
  readonly path: string
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object | undefined
  /** How long the API itself may take on purpose, beside the timeout. */
  readonly waitMs?: number
  readonly signal?: AbortSignal | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The parsed body; null with 304. */
  readonly body: unknown
}

export interface Transport {
  readonly baseUrl: string | URL
  readonly token: string | (() => Promise<string>)
  readonly fetch: typeof fetch
  readonly timeoutMs: number
  readonly retries: RetryPolicy
  readonly now: () => number
}

export type Send = (options: RequestOptions) => Promise<Answer>

/** Sends one call, again where that may help. Throws BgIngestError, or the reason of `signal`. */
export const sender =
  (transport: Transport): Send =>
  (options) =>
    withRetries(() => attempt(transport, options), transport.retries, {
      idempotent: options.method !== 'POST' && options.method !== 'PATCH',
      signal: options.signal,
    })

async function attempt(transport: Transport, options: RequestOptions): Promise<Answer> {
  const { token, timeoutMs, now } = transport
  const { method = 'GET', headers, body, waitMs = 0, signal } = options
  signal?.throwIfAborted()
  const bearer = typeof token === 'string' ? token : await token()
  const timeout = AbortSignal.timeout(timeoutMs + waitMs)
  const init: RequestInit = {
    method,
    // An API of JSON leads nowhere else; who does is not ours, and gets no token.
    redirect: 'error',
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${bearer}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }
  try {
    const answer = await transport.fetch(addressOf(transport.baseUrl, options), init)
    if (!answer.ok && answer.status !== 304) throw await errorOf(answer, now())
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: answer.status === 304 ? null : parsed(text, answer) }
  } catch (err) {
    if (err instanceof BgIngestError) throw err
    signal?.throwIfAborted()
    throw new BgIngestError('unreachable', 'No answer came from BG Ingest', { cause: err })
  }
}

function parsed(text: string, { status }: Response): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own words quote the text, which may hold readings.
    throw new BgIngestError('unexpected_answer', 'The answer is no JSON, so none of BG Ingest', { status })
  }
}

function addressOf(baseUrl: string | URL, { path, query = {} }: RequestOptions): URL {
  // A base address may have a path of its own, with or without a slash at its end.
  const address = new URL(`${String(baseUrl).replace(/\/$/, '')}${path}`)
  for (const [name, value] of Object.entries(query))
    for (const one of [value ?? []].flat()) address.searchParams.append(name, String(one))
  return address
}
