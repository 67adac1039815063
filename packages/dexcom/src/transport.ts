import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import got, { RequestError, TimeoutError } from 'got'

/** Milliseconds. got itself has no timeout at all by default. */
export interface Timeouts {
  readonly connect: number
  /** From the request sent to the first byte of the answer. */
  readonly response: number
  /** From start to last byte. */
  readonly request: number
}

export interface ExchangeRequest {
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  /** Present for a form post, absent for a GET. */
  readonly form?: Readonly<Record<string, string>>
  readonly timeouts: Timeouts
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: string
}

/**
 * `not_sent`: surely nothing left this machine. `lost` and `timeout`: something may have arrived. `unreadable`: an answer,
 * but no HTTP text. `too_large`: an answer beyond what we hold.
 */
export type FailureKind = 'not_sent' | 'lost' | 'timeout' | 'unreadable' | 'too_large' | 'aborted'

/** Carries a kind and nothing else: got's errors hold headers and form, and whoever logs them logs every token. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure'
  readonly kind: FailureKind

  constructor(kind: FailureKind) {
    super(`no answer: ${kind}`)
    this.kind = kind
  }
}

/** A 30-day page of records is 3.8 MB; four times that, after decompression, is somebody's gzip bomb. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024

/** A post goes over its own connection: one that the server just closed would lose the answer to a single-use token. */
const FRESH_CONNECTION = { keepAlive: false } as const
/** Idle connections end before a server's usual 5 to 60 s do: a request that meets the end of one is lost. */
const KEPT_CONNECTION = { keepAlive: true, timeout: 4_000 } as const

/** Said, so that neither a default nor a variable of the environment (NODE_TLS_REJECT_UNAUTHORIZED) decides it. */
const TLS = { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const

/** One HTTP exchange, never repeated, never redirected. Any status is an answer. Throws TransportFailure. */
export type Exchange = (request: ExchangeRequest) => Promise<Answer>

/** Agents of our own: Node's global ones go through a proxy where the environment names one (NODE_USE_ENV_PROXY). */
export function createExchange(): Exchange {
  const kept = { http: new HttpAgent(KEPT_CONNECTION), https: new HttpsAgent(KEPT_CONNECTION) }
  const fresh = { http: new HttpAgent(FRESH_CONNECTION), https: new HttpsAgent(FRESH_CONNECTION) }

  return async ({ url, headers, form, timeouts, signal }) => {
    try {
      const stream = got.stream(url, {
        method: form ? 'POST' : 'GET',
        headers: { accept: 'application/json', 'accept-encoding': 'gzip', 'user-agent': 'bg-ingest', ...headers },
        ...(form && { form }),
        agent: form ? fresh : kept,
        https: TLS,
        ...(signal && { signal }),
        timeout: { ...timeouts },
        retry: { limit: 0 },
        followRedirect: false,
        throwHttpErrors: false,
      })
      const body = await readBody(stream)
      if (!stream.response) throw new TransportFailure('unreadable')
      return { status: stream.response.statusCode, retryAfter: stream.response.headers['retry-after'], body }
    } catch (err) {
      throw err instanceof TransportFailure ? err : new TransportFailure(kindOf(err, signal))
    }
  }
}

async function readBody(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) throw new TransportFailure('unreadable')
    bytes += chunk.length
    if (bytes > BODY_LIMIT_BYTES) throw new TransportFailure('too_large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Refused, unknown or unreachable hosts, and certificates refused before the request was written. */
const NEVER_CONNECTED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|CERT_|ERR_TLS_CERT|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_)/
const BEFORE_SENDING = new Set(['lookup', 'connect', 'secureConnect'])

/** Broken HTTP (llhttp) and broken gzip (zlib). */
const BROKEN_ANSWER = /^(?:HPE_|Z_)/

function kindOf(err: unknown, signal: AbortSignal | undefined): FailureKind {
  if (signal?.aborted) return 'aborted'
  if (err instanceof TimeoutError) return BEFORE_SENDING.has(err.event) ? 'not_sent' : 'timeout'
  if (!(err instanceof RequestError)) return 'lost'
  if (NEVER_CONNECTED.test(err.code)) return 'not_sent'
  return BROKEN_ANSWER.test(err.code) || BROKEN_ANSWER.test(codeOf(err.cause)) ? 'unreadable' : 'lost'
}

/** got hides zlib's own code in the cause of its ReadError. */
const codeOf = (cause: unknown): string =>
  typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
