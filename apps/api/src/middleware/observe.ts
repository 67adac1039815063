import type { Logger } from '@bg-ingest/telemetry'
import type { RequestHandler } from 'express'
import { requestIdOf } from './request-id.ts'

interface RequestObserver {
  httpRequest(request: { method: string; route: string; status: number; seconds: number }): void
}

/** Measures and logs every answer by its route pattern; the URL itself holds a user id and is never logged. */
export const observe =
  (metrics: RequestObserver, logger: Logger, monotonic: () => number): RequestHandler =>
  (req, res, next) => {
    const startedAt = monotonic()
    res.once('close', () => {
      const route = String(res.locals['route'] ?? 'unmatched')
      const seconds = (monotonic() - startedAt) / 1000
      metrics.httpRequest({ method: req.method, route, status: res.statusCode, seconds })
      logger.debug('request', {
        requestId: requestIdOf(res),
        method: req.method,
        route,
        status: res.statusCode,
        durationMs: Math.round(seconds * 1000),
      })
    })
    next()
  }
