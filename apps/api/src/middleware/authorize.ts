import { AppError } from '@bg-ingest/domain'
import type { Caller } from '@bg-ingest/security'
import type { RequestHandler } from 'express'
import type { Access } from '../define-route.ts'

export interface Verifier {
  verify(authorizationHeader: string | undefined): Promise<Caller>
}

/**
 * The one guard of this API, in front of every look-up: 401 before 403, both before anything is validated or read. The
 * answer to "not yours" is the same whether that person exists or not, because nobody has looked.
 */
export const authorize =
  (verifier: Verifier, access: Access): RequestHandler =>
  async (req, res, next) => {
    if (access.kind === 'public') return next()
    const caller = await verifier.verify(req.get('authorization'))
    const owns = caller.anyUser || caller.sub === req.params['userId']
    if (!owns || !caller.scopes.has(access.scope)) throw new AppError('forbidden', 'This token does not allow this')
    res.locals['caller'] = caller
    next()
  }
