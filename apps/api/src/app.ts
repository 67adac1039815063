import { randomUUID } from 'node:crypto'
import type { ApiConfig } from '@bg-ingest/config'
import { hashToken, newToken, safeEqual } from '@bg-ingest/security'
import type { Express } from 'express'
import type { ApiContext } from './context.ts'
import { mountHealth } from './health.ts'
import { finishAuthorization } from './oauth/callback.ts'
import { startAuthorization } from './oauth/start.ts'
import { createRoutes, type RouteNeeds } from './routes/index.ts'
import { createServer } from './server.ts'

/** What the HTTP surface asks of the context, and no more. */
export interface AppNeeds extends RouteNeeds, Pick<ApiContext, 'verifier' | 'logger' | 'readiness'> {
  readonly vault: Pick<ApiContext['vault'], 'seal'>
  readonly connects: Pick<ApiContext['connects'], 'wait'>
  readonly metrics: Pick<ApiContext['metrics'], 'httpRequest' | 'text'>
  readonly config: RouteNeeds['config'] & { readonly http: Pick<ApiConfig['http'], 'trustProxy'> }
}

/** Joins the context with the HTTP surface. */
export function createApp(context: AppNeeds, stop: AbortSignal): Express {
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
