import type { Problem } from './contract.ts'

/**
 * Why a call failed: one of the API's codes (docs/errors.md), or one of the client's own. `unreachable`: no answer came.
 * `unexpected_answer`: what came is none of the API's. `feed_restarted`: the person was erased since; begin at 0.
 */
export type ErrorCode = Problem['code'] | 'unreachable' | 'unexpected_answer' | 'feed_restarted'

interface Details {
  readonly status?: number | undefined
  readonly requestId?: string | undefined
  readonly errors?: NonNullable<Problem['errors']>
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

/** Everything that this client throws, but for the reason of an aborted signal. Holds no token and no reading. */
export class BgIngestError extends Error {
  override readonly name = 'BgIngestError'
  /** Switch on this one; a later version of the API may have codes that this type does not know. */
  readonly code: ErrorCode
  /** Of the answer; undefined where none came. */
  readonly status: number | undefined
  /** What the operators' log names the call by. */
  readonly requestId: string | undefined
  /** What is wrong with which part of the call, with `invalid_request`. */
  readonly errors: NonNullable<Problem['errors']>
  /** How long the API asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, { status, requestId, errors = [], retryAfterMs, cause }: Details = {}) {
    super(message, cause === undefined ? {} : { cause })
    this.code = code
    this.status = status
    this.requestId = requestId
    this.errors = errors
    this.retryAfterMs = retryAfterMs
  }
}

/** An answer that is no success, as an error. Never throws: a proxy's page of HTML becomes `unexpected_answer`. */
export async function errorOf(answer: Response, nowMs: number): Promise<BgIngestError> {
  const { status, headers } = answer
  const retryAfterMs = retryAfterOf(headers.get('retry-after'), nowMs)
  const requestId = headers.get('x-request-id') ?? undefined
  const body: unknown = await answer.json().catch(() => null)
  if (!isProblem(body))
    return new BgIngestError('unexpected_answer', `The answer ${status} is none of BG Ingest`, {
      status,
      requestId,
      retryAfterMs,
    })
  const { code, detail, errors = [] } = body
  const fields = errors.map(({ pointer, detail: what }) => `${pointer} ${what}`)
  const message = [`${code}: ${detail}`, ...fields].join('; ')
  return new BgIngestError(code, message, { status, requestId, retryAfterMs, errors })
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string' && 'detail' in body

/** Milliseconds of a Retry-After, which is seconds or a date (RFC 9110, 10.2.3). */
function retryAfterOf(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
