import { AppError } from '@bg-ingest/domain'
import type { Queue } from '@bg-ingest/queue'
import type { Logger } from '@bg-ingest/telemetry'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import express, { type RequestHandler, Router } from 'express'
import type { Failures } from '../limits/failures.ts'
import { contentPolicy } from '../middleware/content-policy.ts'
import { operatorActions } from './operator-actions.ts'
import { operatorLogin } from './operator-login.ts'
import { shownFields } from './shown-fields.ts'

export const BOARD_PATH = '/admin/queues'

export interface BoardSettings {
  readonly queues: readonly Queue[]
  readonly password: string
  /** Whether jobs may be retried and removed; otherwise the board only shows. */
  readonly actions: boolean
}

interface Needs extends BoardSettings {
  readonly failures: Failures
  readonly logger: Logger
}

/** Bull Board behind a password. It loads nothing from elsewhere (its page asks for Google's fonts) and is kept by no cache. */
export function createBoard({ queues, password, actions, failures, logger }: Needs): RequestHandler {
  const adapter = new ExpressAdapter().setBasePath(BOARD_PATH)
  createBullBoard({
    queues: queues.map((queue) => shown(queue, actions)),
    serverAdapter: adapter,
    // CLIENT LIST on every look at a busy Redis is no price for a list of workers; /metrics has them.
    options: { uiConfig: { boardTitle: 'BG Ingest', hideDocsLink: true, hideRedisDetails: true, showWorkers: false } },
  })
  adapter.setErrorHandler(unreadable)
  const pages = adapter.getRouter() as express.Express
  pages.disable('x-powered-by')

  const router = Router()
  router.use(operatorLogin({ password, failures, logger }), contentPolicy(), unkept)
  router.use(operatorActions({ allowed: actions, logger }), pages)
  return router
}

function shown(queue: Queue, actions: boolean): BullMQAdapter {
  const adapter = new BullMQAdapter(queue, { readOnlyMode: !actions })
  for (const field of ['data', 'returnValue', 'progress'] as const) adapter.setFormatter(field, shownFields)
  return adapter
}

/** The board's own answer would be the text of the fault; thrown on, it gets to the one error handler of this API. */
function unreadable(cause: unknown): never {
  throw new AppError('service_unavailable', 'The queues cannot be read right now', { cause })
}

const unkept: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store')
  next()
}
