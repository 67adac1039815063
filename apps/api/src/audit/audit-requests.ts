import { UserId } from '@bg-ingest/domain'
import type { Caller } from '@bg-ingest/security'
import type { Request, RequestHandler, Response } from 'express'
import { BOARD_PATH } from '../board/board.ts'
import { requestIdOf } from '../middleware/request-id.ts'
import type { RequestAudit, SeenRequest } from './request-audit.ts'

/** What an operator did on the board, left for the record by operator-actions.ts. */
export interface OperatorAction {
  readonly action: string
  readonly queue?: string
  readonly jobId?: string
}

/**
 * Puts on record who asked for what, of whom, and what came of it. What may change something is on record before its answer
 * leaves; reads are counted; who is refused is recorded. Probes, metrics and documentation concern nobody.
 */
export const auditRequests =
  (audit: Pick<RequestAudit, 'record' | 'count'>): RequestHandler =>
  (req, res, next) => {
    if (!CONCERNS_SOMEBODY.test(req.path)) return next()
    if (mayChange(req)) beforeHead(res, () => audit.record(seen(req, res)))
    else
      res.once('close', () => {
        if (res.statusCode === 401 || res.statusCode === 403) audit.record(seen(req, res))
        else audit.count(seen(req, res))
      })
    next()
  }

const CONCERNS_SOMEBODY = /^\/(?:api|oauth|admin)\//i

/** The addresses of the consent are visited by GET, and lead to a connection. */
const mayChange = ({ method, path }: Request): boolean =>
  (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') || path.startsWith('/oauth/')

/** Express and Node both come by `writeHead`, once, before the first byte of any answer. */
function beforeHead(res: Response, work: () => void): void {
  const { writeHead } = res
  res.writeHead = ((...args: Parameters<typeof writeHead>) => {
    res.writeHead = writeHead
    work()
    return writeHead.apply(res, args)
  }) as typeof writeHead
}

interface Locals {
  readonly route?: string
  readonly caller?: Caller
  readonly sender?: string
  readonly readings?: number
  readonly operatorAction?: OperatorAction
}

function seen(req: Request, res: Response): SeenRequest {
  const { route = 'unmatched', caller = null, sender = null, readings = 0, operatorAction } = res.locals as Locals
  const { action, ...facts } = operatorAction ?? { action: `${req.method} ${route}` }
  return {
    action,
    status: res.statusCode,
    requestId: requestIdOf(res),
    caller,
    sender,
    isOperator: route === BOARD_PATH && res.statusCode !== 401,
    userId: userIn(req.originalUrl),
    readings,
    ...(operatorAction ? { facts } : {}),
  }
}

/** From the address: parameters of a route are gone where a guard in front of it has refused. */
function userIn(url: string): string | null {
  const [, encoded] = /^\/api\/bg\/([^/?#]{1,400})/i.exec(url) ?? []
  if (encoded === undefined) return null
  try {
    return UserId.safeParse(decodeURIComponent(encoded)).data ?? null
  } catch {
    return null // NOTE: not encoded as it should be, so it names nobody
  }
}
