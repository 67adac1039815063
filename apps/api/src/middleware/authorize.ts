import { AppError } from '@bg-ingest/domain'
import type { Caller } from '@bg-ingest/security'
import type { RequestHandler } from 'express'
import type { Access } from '../define-route.ts'
import type { Failures } from '../limits/failures.ts'

export interface Verifier {
  verify(authorizationHeader: string | undefined): Promise<Caller>
}

/**
 * Who calls: a good token, or 401. Refused ones are counted by address, and beyond the limit answered with 429; good
 * ones pass even then, because many people may share an address with one broken client.
 */
export const authenticate =
  (verifier: Verifier, failures: Failures): RequestHandler =>
  async (req, res, next) => {
    try {
      // Node takes the first of two headers; a proxy in front may have looked at the second.
      const [header, second] = req.headersDistinct['authorization'] ?? []
      res.locals['caller'] = await verifier.verify(second === undefined ? header : undefined)
    } catch (err) {
      if (err instanceof AppError && err.code === 'unauthorized') await failures.count(req.ip)
      throw err
    }
    next()
  }

/**
 * The one guard of this API, in front of every look-up: 401 before 403, both before anything is validated or read. The
 * answer to "not yours" is the same whether that person exists or not, because nobody has looked.
 */
export const authorize =
  ({ scope }: Extract<Access, { kind: 'owner' }>): RequestHandler =>
  (req, res, next) => {
    const { caller } = res.locals as { readonly caller: Caller }
    const owns = caller.anyUser || caller.sub === req.params['userId']
    if (!owns || !caller.scopes.has(scope)) throw new AppError('forbidden', 'This token does not allow this')
    next()
  }
