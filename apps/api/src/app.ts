import { randomUUID } from 'node:crypto'
import type { ApiConfig } from '@bg-ingest/config'
import type { UserId } from '@bg-ingest/domain'
import { hashToken, newToken, safeEqual } from '@bg-ingest/security'
import type { Express } from 'express'
import { type BoardSettings, createBoard } from './board/board.ts'
import type { ApiContext } from './context.ts'
import { mountHealth } from './health.ts'
import { createLimits } from './limits/limits.ts'
import { finishAuthorization } from './oauth/callback.ts'
import { startAuthorization } from './oauth/start.ts'
import { docsPages } from './openapi/docs-page.ts'
import { openApiDocument } from './openapi/document.ts'
import { createRoutes, type RouteNeeds } from './routes/index.ts'
import { createServer } from './server.ts'
import { sharedReads } from './shared-reads.ts'
import { guardSender } from './webhook/sender-guard.ts'

/** What the HTTP surface asks of the context, and no more. */
export interface AppNeeds
  extends RouteNeeds,
    Pick<ApiContext, 'verifier' | 'sender' | 'logger' | 'readiness' | 'counting' | 'lagMs' | 'audit'> {
  readonly board: BoardSettings | null
  readonly vault: Pick<ApiContext['vault'], 'seal'>
  readonly connects: Pick<ApiContext['connects'], 'wait'>
  readonly metrics: Pick<ApiContext['metrics'], 'httpRequest' | 'text' | 'webhook' | 'webhookConflict'>
  readonly config: RouteNeeds['config'] & {
    readonly http: Pick<ApiConfig['http'], 'trustProxy' | 'rateLimits'>
    readonly redis: Pick<ApiConfig['redis'], 'prefix'>
  }
}

/** Joins the context with the HTTP surface. */
export function createApp(context: AppNeeds, stop: AbortSignal): Express {
  const { tickets, vault, producer, connects, config, verifier, metrics, logger, readiness, board } = context
  const { regions, redirectUri, pkce } = config.dexcom
  const monotonic = () => performance.now()
  const limits = createLimits(context.counting, {
    prefix: config.redis.prefix,
    ...config.http.rateLimits,
    now: Date.now,
    monotonic,
  })
  const routes = createRoutes({ ...context, ...sharedReaders(context) })
  return createServer({
    routes,
    docs: docsPages(openApiDocument(routes)),
    oauth: {
      start: startAuthorization({ tickets, newToken, hashToken, regions, redirectUri, pkce }),
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
    board: board && createBoard({ ...board, failures: limits.operatorFailures, logger }),
    limits,
    lagMs: context.lagMs,
    audit: context.audit,
    sender: guardSender({ ...context.sender, ...limits, metrics }),
    verifier,
    metrics,
    logger,
    newId: randomUUID,
    monotonic,
    trustProxy: config.http.trustProxy,
  })
}

/** However many ask for the same at once, the store and Redis are asked once. */
function sharedReaders({
  readings,
  accounts,
  feed,
  entries,
}: Pick<AppNeeds, 'readings' | 'accounts' | 'feed' | 'entries'>) {
  const perUser = (userId: UserId) => userId
  return {
    readings: {
      latest: sharedReads(readings.latest, perUser),
      range: sharedReads(readings.range, (query) => JSON.stringify({ ...query, types: [...query.types] })),
    },
    accounts: { account: sharedReads(accounts.account, perUser) },
    feed: { changes: sharedReads(feed.changes, (...asked) => JSON.stringify(asked)) },
    entries: { read: sharedReads(entries.read, perUser) },
  }
}
