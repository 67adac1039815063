import { AppError } from '@bg-ingest/domain'
import { retryAfterMs } from './retry-after.ts'
import type { Answer, FailureKind } from './transport.ts'

/** Errors of this package have constant messages and no cause: bodies, headers and forms hold tokens and values. */

/** A page beyond what we hold: the same window asked for in halves may be answered. */
export class PageTooLarge extends AppError {
  constructor() {
    super('upstream_invalid', 'Dexcom sent more than we hold')
  }
}

export const unreadable = () => new AppError('upstream_invalid', 'Dexcom sent something unreadable')

/** A cancelled call ends with the reason of its signal where that is one of ours (a lost lease), else as unavailable. */
export function cancelled(signal: AbortSignal): AppError {
  return signal.reason instanceof AppError
    ? signal.reason
    : new AppError('upstream_unavailable', 'The call was cancelled')
}

export const rateLimited = ({ retryAfter }: Answer, nowMs: number) =>
  new AppError('upstream_rate_limited', 'Dexcom limits our calls', { retryAfterMs: retryAfterMs(retryAfter, nowMs) })

/** The region pauses: somebody's 429, here or in another process. */
export const paused = (leftMs: number) =>
  new AppError('upstream_rate_limited', 'Dexcom asked us to pause', { retryAfterMs: Math.ceil(leftMs) })

/** A 503 may say when to come back, like a 429; without a word the job's own backoff decides. */
export const unavailable = ({ retryAfter }: Pick<Answer, 'retryAfter'>, nowMs: number) =>
  new AppError(
    'upstream_unavailable',
    'Dexcom cannot be reached',
    retryAfter === undefined ? {} : { retryAfterMs: retryAfterMs(retryAfter, nowMs) },
  )

/** Why an answer of a data endpoint is no data; null for 2xx. Their error bodies are documented nowhere: status decides. */
export function dataRefusal(answer: Answer, nowMs: number): AppError | null {
  const { status } = answer
  if (status >= 200 && status < 300) return null
  if (status === 401) return new AppError('upstream_unauthorized', 'Dexcom does not accept the access token')
  if (status === 429) return rateLimited(answer, nowMs)
  if (status >= 500) return unavailable(answer, nowMs)
  // Missing consent or an account without this kind of data; nothing that another token or another try would change.
  if (status === 403 || status === 404)
    return new AppError('upstream_not_offered', 'Dexcom does not offer this for this person')
  if (status >= 400) return new AppError('upstream_rejected', 'Dexcom refused the request')
  return unreadable()
}

/** Why a data call got no answer. */
export function dataFailure(kind: FailureKind, signal: AbortSignal): AppError {
  if (kind === 'aborted') return cancelled(signal)
  if (kind === 'too_large') return new PageTooLarge()
  return kind === 'unreadable' ? unreadable() : new AppError('upstream_unavailable', 'Dexcom cannot be reached')
}
