import type { RequestHandler, Response } from 'express'

/** What may be echoed into a header and a log line without harm. */
const SANE = /^[A-Za-z0-9._-]{1,128}$/

/** Gives every request an id, the caller's own where it is sane, and echoes it. */
export const requestId =
  (newId: () => string): RequestHandler =>
  (req, res, next) => {
    const sent = req.get('x-request-id')
    const id = sent && SANE.test(sent) ? sent : newId()
    res.locals['requestId'] = id
    res.set('X-Request-Id', id)
    next()
  }

export const requestIdOf = (res: Response): string => String(res.locals['requestId'])
