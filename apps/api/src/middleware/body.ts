import { AppError } from '@bg-ingest/domain'
import express, { type RequestHandler } from 'express'

const LIMIT = '100kb'

/** Reads JSON bodies only, and refuses any other kind that is not empty. An absent body stays undefined. */
export function jsonBody(): RequestHandler[] {
  const refuseOtherTypes: RequestHandler = (req, _res, next) => {
    const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.get('content-length') ?? 0) > 0
    if (hasBody && !req.is('application/json'))
      throw new AppError('unsupported_media_type', 'Bodies are application/json')
    next()
  }
  return [refuseOtherTypes, express.json({ limit: LIMIT, strict: true })]
}
