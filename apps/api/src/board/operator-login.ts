import { AppError } from '@bg-ingest/domain'
import { safeEqual } from '@bg-ingest/security'
import type { Logger } from '@bg-ingest/telemetry'
import type { RequestHandler } from 'express'
import type { Failures } from '../limits/failures.ts'
import { requestIdOf } from '../middleware/request-id.ts'

export const OPERATOR = 'operator'

interface Needs {
  readonly password: string
  readonly failures: Failures
  readonly logger: Logger
}

/** HTTP Basic for one user. Once an address has guessed too often, not even the right password is looked at. */
export const operatorLogin =
  ({ password, failures, logger }: Needs): RequestHandler =>
  async (req, res, next) => {
    const sent = req.get('authorization')
    if (sent === undefined) return challenge(res)
    await failures.refuseBlocked(req.ip)
    if (isOperator(sent, password)) return next()
    logger.warn('operator login refused', { requestId: requestIdOf(res) })
    await failures.count(req.ip)
    challenge(res)
  }

function challenge(res: Parameters<RequestHandler>[1]): never {
  res.locals['challenge'] = 'Basic realm="bg-ingest operators", charset="UTF-8"'
  throw new AppError('unauthorized', 'Operators log in with HTTP Basic')
}

/** Both halves are compared whatever the first came to, so that the time tells nothing of either. */
function isOperator(header: string, password: string): boolean {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/=]{1,1024})$/i.exec(header) ?? []
  const [user = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  const named = safeEqual(user, OPERATOR)
  const known = safeEqual(rest.join(':'), password)
  return named && known
}
