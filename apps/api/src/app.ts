import { randomUUID } from 'node:crypto'
import { hashToken, newToken, safeEqual } from '@bg-ingest/security'
import type { Express } from 'express'
import type { ApiContext } from './context.ts'
import { mountHealth } from './health.ts'
import { finishAuthorization } from './oauth/callback.ts'
import { startAuthorization } from './oauth/start.ts'
import { createRoutes } from './routes/index.ts'
import { createServer } from './server.ts'

/** Joins the context with the HTTP surface. */
export function createApp(context: ApiContext, stop: AbortSignal): Express {
  const { tickets, vault, producer, connects, config, verifier, metrics, logger, readiness } = context
  const { regions, redirectUri } = config.dexcom
  return createServer({
    routes: createRoutes(context),
    oauth: {
      start: startAuthorization({ tickets, newToken, hashToken, regions, redirectUri }),
      callback: finishAuthorization({
        tickets,
        hashToken,
        safeEqual,
        vault,
        queue: { requestConnect: (request) => producer.enqueue('connectUser', { v: 1, ...request }) },
        connects,
        redirectUri,
      }),
    },
    mountHealth: (app) => mountHealth(app, { readiness, stopping: () => stop.aborted, metrics }),
    verifier,
    metrics,
    logger,
    newId: randomUUID,
    monotonic: () => performance.now(),
    trustProxy: config.http.trustProxy,
  })
}
