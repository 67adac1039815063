import { AppError } from '@bg-ingest/domain'
import type { RequestHandler } from 'express'

/**
 * An address whose percent-encoding is broken ends Express' search for a route with 400, before any guard. This one
 * asks who calls first, so that nobody without a token learns what would be wrong with a call (401 before 400).
 */
export const undecodable =
  (authenticated: RequestHandler): RequestHandler =>
  (req, res, next) => {
    if (isDecodable(req.path)) return next()
    return authenticated(req, res, (err?: unknown) =>
      next(err ?? new AppError('invalid_request', 'The address is not percent-encoded UTF-8')),
    )
  }

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
