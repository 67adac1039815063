import { AppError } from '@bg-ingest/domain'
import type { Logger } from '@bg-ingest/telemetry'
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express'
import helmet from 'helmet'
import { auditRequests } from './audit/audit-requests.ts'
import type { RequestAudit } from './audit/request-audit.ts'
import { BOARD_PATH } from './board/board.ts'
import type { Access, Route } from './define-route.ts'
import type { Limits } from './limits/limits.ts'
import { authenticate, authorize, type Verifier } from './middleware/authorize.ts'
import { jsonBody } from './middleware/body.ts'
import { errorHandler } from './middleware/error-handler.ts'
import { knowsOnly, refusedMethod } from './middleware/methods.ts'
import { observe } from './middleware/observe.ts'
import { requestId } from './middleware/request-id.ts'
import { shed } from './middleware/shed.ts'
import { undecodable } from './middleware/undecodable.ts'
import { pageInsteadOf } from './oauth/callback.ts'

export interface ServerParts {
  readonly routes: readonly Route[]
  readonly oauth: { readonly start: RequestHandler<{ ticket: string }>; readonly callback: RequestHandler }
  readonly mountHealth: (router: Router) => void
  /** The operators' board; null where there is no password for it. */
  readonly board: RequestHandler | null
  readonly docs: RequestHandler
  readonly limits: Limits
  readonly audit: Pick<RequestAudit, 'record' | 'count'>
  /** How late the event loop is, in milliseconds. */
  readonly lagMs: () => number
  readonly verifier: Verifier
  /** Stands before the webhook in place of the callers' guards: body, proofs, limit. */
  readonly sender: readonly RequestHandler[]
  readonly metrics: Parameters<typeof observe>[0]
  readonly logger: Logger
  readonly newId: () => string
  readonly monotonic: () => number
  readonly trustProxy: false | number | readonly string[]
}

/** Beside the routes and the operators' board, which has methods of its own. */
const SERVICE_ADDRESSES = ['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs', '/docs/:asset']

/** One look for what would be asked of nine addresses, with each read. */
const OUTSIDE_API = /^(?!\/api\/)/i

/** The whole HTTP surface, in the order in which a request passes it. */
export function createServer(parts: ServerParts): Express {
  refuseUndeclared(parts.routes)
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('trust proxy', parts.trustProxy)
  app.use(requestId(parts.newId), observe(parts.metrics, parts.logger, parts.monotonic), auditRequests(parts.audit))
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    }),
  )
  const service = express.Router()
  // Express would answer OPTIONS by itself, and take any other method for an address that is not there.
  service.all(SERVICE_ADDRESSES, knowsOnly('GET', 'HEAD'))
  parts.mountHealth(service)
  app.use(OUTSIDE_API, service)
  app.use(shed(parts.lagMs), parts.limits.perAddress)
  // Reads come by most often, so that they pass nothing of the pages below: each layer is asked whether it is meant.
  const guards = [authenticate(parts.verifier, parts.limits.failures), parts.limits.perCaller]
  app.use('/api', undecodable(authenticate(parts.verifier, parts.limits.failures)))
  for (const route of parts.routes) mount(app, route, { owner: guards, sender: parts.sender, public: [] })
  refuseOtherMethods(app, parts.routes)
  // Express answers HEAD by the handlers of GET; here that would spend a one-time address for somebody's link preview.
  app.all(['/oauth/start/:ticket', '/oauth/callback'], knowsOnly('GET'))
  app.get('/oauth/start/:ticket', named('/oauth/start/{ticket}'), parts.oauth.start, pageOnError(parts.logger))
  app.get('/oauth/callback', named('/oauth/callback'), parts.oauth.callback, pageOnError(parts.logger))
  app.use(parts.docs)
  if (parts.board) app.use(BOARD_PATH, named(BOARD_PATH), parts.board)
  app.use(() => {
    throw new AppError('not_found', 'There is nothing at this address')
  })
  app.use(errorHandler(parts.logger))
  return app
}

function mount(
  app: Express,
  { spec, handler }: Route,
  guards: Readonly<Record<Access['kind'], readonly RequestHandler[]>>,
): void {
  const { access, method, path } = spec
  const ownership = access.kind === 'owner' ? [authorize(access)] : []
  const body = method === 'get' || access.kind === 'sender' ? [] : jsonBody()
  app[method](expressPath(path), named(path), ...guards[access.kind], ...ownership, ...body, handler)
}

/** The compiler sees to this; a cast, or a route from plain JavaScript, must not open a door in silence. */
function refuseUndeclared(routes: readonly Route[]): void {
  for (const { spec } of routes) {
    const { kind, scope } = (spec.access ?? {}) as { readonly kind?: unknown; readonly scope?: unknown }
    const declared = kind === 'public' || ((kind === 'owner' || kind === 'sender') && typeof scope === 'string')
    if (!declared) throw new Error(`${spec.operationId} does not say who may call it`)
  }
}

const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1')

const named =
  (path: string): RequestHandler<Record<string, string>> =>
  (_req, res, next) => {
    res.locals['route'] = path
    next()
  }

/** A known address with another method: 405, and the methods it has. */
function refuseOtherMethods(app: Express, routes: readonly Route[]): void {
  for (const path of new Set(routes.map(({ spec }) => spec.path))) {
    const methods = routes.filter(({ spec }) => spec.path === path).map(({ spec }) => spec.method.toUpperCase())
    const all = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])]
    app.all(expressPath(path), (_req, res) => {
      throw refusedMethod(res, all)
    })
  }
}

const pageOnError =
  (logger: Logger): ErrorRequestHandler<{ ticket: string }> =>
  (err, _req, res, _next) => {
    const error = AppError.from(err)
    logger.error('connecting failed', { requestId: String(res.locals['requestId']), err: error })
    pageInsteadOf(error, res)
  }
