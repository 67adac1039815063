import { AppError } from '@bg-ingest/domain'
import type { RequestHandler, Response } from 'express'

/** Lets these methods pass; any other is 405, with those that there are. */
export const knowsOnly =
  (...methods: readonly string[]): RequestHandler<Record<string, string | string[]>> =>
  (req, res, next) => {
    if (methods.includes(req.method)) return next()
    throw refusedMethod(res, methods)
  }

export function refusedMethod(res: Response, methods: readonly string[]): AppError {
  const allow = methods.join(', ')
  res.set('Allow', allow)
  return new AppError('method_not_allowed', `This address knows ${allow}`)
}
