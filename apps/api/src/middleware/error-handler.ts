import { AppError, ERROR_CODES } from '@bg-ingest/domain'
import type { Logger } from '@bg-ingest/telemetry'
import type { ErrorRequestHandler, Response } from 'express'
import { requestIdOf } from './request-id.ts'

/** Turns anything thrown into problem+json (RFC 9457). Server faults are logged whole and answered with no text of theirs. */
export const errorHandler =
  (logger: Logger): ErrorRequestHandler =>
  (err, _req, res, _next) => {
    const error = known(err)
    if (error.status >= 500) logger.error('request failed', { requestId: requestIdOf(res), err: error })
    // Half an answer cannot be taken back. Express's own handler would print the error whole, so the connection is cut here.
    if (res.headersSent) res.destroy()
    else sendProblem(res, error)
  }

function sendProblem(res: Response, error: AppError): void {
  const { status, code } = error
  if (status === 401) res.set('WWW-Authenticate', String(res.locals['challenge'] ?? 'Bearer realm="bg-ingest"'))
  if (status === 503 || status === 429) res.set('Retry-After', String(Math.ceil((error.retryAfterMs ?? 1000) / 1000)))
  res
    .status(status)
    .set('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:bg-ingest:problem:${code}`,
        title: ERROR_CODES[code].title,
        status,
        detail: status === 500 ? 'Something went wrong on our side.' : error.message,
        code,
        requestId: requestIdOf(res),
        ...(error.errors.length > 0 ? { errors: error.errors } : {}),
      }),
    )
}

/** Express and its body parser throw http-errors; anything else that is not ours is a fault of ours. */
function known(err: unknown): AppError {
  if (err instanceof AppError) return err
  const { status, type } = (err ?? {}) as { status?: unknown; type?: unknown }
  if (status === 413) return new AppError('payload_too_large', 'The body is larger than this operation takes')
  if (status === 415) return new AppError('unsupported_media_type', 'This encoding is not supported')
  if (status === 400)
    return new AppError(
      'invalid_request',
      type === 'entity.parse.failed' ? 'The body is not JSON' : 'Malformed request',
    )
  return new AppError('internal_error', 'Unexpected error', { cause: err })
}
