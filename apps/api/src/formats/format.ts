import { AppError } from '@bg-ingest/domain'
import type { Request } from 'express'

/** How an answer may be written. Rows are what a list is made of: one line each. */
export const MEDIA_TYPES = {
  json: 'application/json',
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
} as const
export type Format = keyof typeof MEDIA_TYPES

export const ROW_FORMATS = ['csv', 'ndjson'] as const satisfies readonly Format[]
export type RowFormat = (typeof ROW_FORMATS)[number]

const FORMATS = Object.keys(MEDIA_TYPES) as Format[]

/** The first that `Accept` likes best of what the route offers. Throws `not_acceptable` where it likes none. */
export function negotiate(req: Request, offersRows: boolean): Format {
  const { accept } = req.headers
  // Nearly everybody's, of which there is nothing to parse and to sort.
  if (accept === undefined || accept === '*/*') return 'json'
  const offered = FORMATS.filter((format) => format === 'json' || offersRows)
  const chosen = req.accepts(offered.map((format) => MEDIA_TYPES[format]))
  const format = offered.find((name) => MEDIA_TYPES[name] === chosen)
  if (format) return format
  const known = offered.map((name) => MEDIA_TYPES[name]).join(', ')
  throw new AppError('not_acceptable', `This operation answers with ${known}`)
}
