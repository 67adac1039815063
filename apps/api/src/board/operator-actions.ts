import { AppError } from '@bg-ingest/domain'
import type { Logger } from '@bg-ingest/telemetry'
import type { Request, RequestHandler, Response } from 'express'
import type { OperatorAction } from '../audit/audit-requests.ts'
import { requestIdOf } from '../middleware/request-id.ts'
import { OPERATOR } from './operator-login.ts'

/** Carried by the board's own pages alone: a browser sends it with nothing that another site began. */
const COOKIE = 'bg_board=1'

/**
 * All that an operator may do, of the thirty things that Bull Board can: none of these can add work that no caller asked
 * for, change what a job says, or empty a queue of what is still to be done.
 */
const ACTIONS: readonly { readonly name: string; readonly path: RegExp }[] = [
  { name: 'retry job', path: /^\/api\/queues\/(?<queue>[\w-]{1,64})\/(?<jobId>[\w-]{1,128})\/retry$/ },
  { name: 'remove job', path: /^\/api\/queues\/(?<queue>[\w-]{1,64})\/(?<jobId>[\w-]{1,128})\/clean$/ },
  { name: 'promote job', path: /^\/api\/queues\/(?<queue>[\w-]{1,64})\/(?<jobId>[\w-]{1,128})\/promote$/ },
  { name: 'retry all failed', path: /^\/api\/queues\/(?<queue>[\w-]{1,64})\/retry\/failed$/ },
  { name: 'remove all failed', path: /^\/api\/queues\/(?<queue>[\w-]{1,64})\/clean\/failed$/ },
]

interface Needs {
  readonly allowed: boolean
  readonly logger: Logger
}

/** Lets reads pass. Anything else has to be a known action, allowed, and begun by the board's own page; it is put on record. */
export const operatorActions =
  ({ allowed, logger }: Needs): RequestHandler =>
  (req, res, next) => {
    if (req.method === 'GET' || req.method === 'HEAD') {
      res.append(
        'Set-Cookie',
        `${COOKIE}; Path=${req.baseUrl}; HttpOnly; SameSite=Strict${req.secure ? '; Secure' : ''}`,
      )
      return next()
    }
    const action = req.method === 'PUT' ? actionAt(req.path) : null
    const record = { actor: OPERATOR, requestId: requestIdOf(res), ...(action ?? { action: 'other' }) }
    res.locals['operatorAction'] = operatorAction(action)
    const refusal = refusalOf(req, allowed, action !== null)
    if (refusal !== null) {
      logger.warn('operator action refused', record)
      throw new AppError('forbidden', refusal)
    }
    recordEnd(res, () => logger.info('operator action', { ...record, status: res.statusCode }))
    next()
  }

/** For the audit trail, which records it whether it was allowed or not. */
const operatorAction = (action: ReturnType<typeof actionAt>): OperatorAction =>
  action ? { ...action, action: `operator: ${action.action}` } : { action: 'operator: other' }

function refusalOf(req: Request, allowed: boolean, known: boolean): string | null {
  if (!isOwnPage(req)) return 'Actions are taken on the board itself'
  if (!allowed) return 'This board is read-only'
  return known ? null : 'This action is not offered here'
}

/** Two proofs against requests that another site makes the operator's browser send with the password it has kept. */
function isOwnPage(req: Request): boolean {
  const origin = req.get('origin') ?? ''
  const cookies = (req.get('cookie') ?? '').split(';').map((pair) => pair.trim())
  // Host alone: behind a proxy that ends TLS the scheme is another. Neither header can be set by a page.
  return URL.canParse(origin) && new URL(origin).host === req.get('host') && cookies.includes(COOKIE)
}

function actionAt(path: string) {
  for (const { name, path: pattern } of ACTIONS) {
    const { queue, jobId } = pattern.exec(path)?.groups ?? {}
    if (queue) return { action: name, queue, ...(jobId ? { jobId } : {}) }
  }
  return null
}

function recordEnd(res: Response, record: () => void): void {
  res.once('close', record)
}
