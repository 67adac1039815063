import { hash } from 'node:crypto'
import type { RateLimit } from '@bg-ingest/config'
import type { Request, Response } from 'express'
import type { RateLimitInfo } from 'express-rate-limit'
import { remembering } from '../remembering.ts'

/** What the library has found out about a request. */
export type LimitedRequest = Request & { readonly rateLimit?: RateLimitInfo }

/** Callers and addresses whose policy is remembered: some megabytes. */
const MOST_KEYS = 10_000

/**
 * `RateLimit` and `RateLimit-Policy` of the draft 8, letter by letter as express-rate-limit writes them. The library hashes
 * the key and appends through Express for each request and limit: 8 % of the CPU of the newest reading.
 */
export function limitHeaders(name: string, { limit, windowMs }: RateLimit, now: () => number) {
  const windowSeconds = Math.ceil(windowMs / 1000)
  const policyOf = remembering(MOST_KEYS, (key) => `"${name}"; q=${limit}; w=${windowSeconds}; pk=:${partition(key)}:`)
  return (req: LimitedRequest, res: Response): void => {
    if (!req.rateLimit) return
    const { remaining, resetTime, key } = req.rateLimit
    const leftMs = (resetTime?.getTime() ?? now() + windowMs) - now()
    res.appendHeader('RateLimit', `"${name}"; r=${remaining}; t=${Math.max(0, Math.ceil(leftMs / 1000))}`)
    res.appendHeader('RateLimit-Policy', policyOf(key))
  }
}

const partition = (key: string): string => Buffer.from(hash('sha256', key).slice(0, 12)).toString('base64')
