import type { RateLimit } from '@bg-ingest/config'
import { AppError } from '@bg-ingest/domain'
import { hashToken } from '@bg-ingest/security'
import type { Request, RequestHandler, Response } from 'express'
import { rateLimit } from 'express-rate-limit'
import { remembering } from '../remembering.ts'
import type { CountingRedis } from './count-script.ts'
import { addressKey, createFailures, type Failures } from './failures.ts'
import { type LimitedRequest, limitHeaders } from './limit-headers.ts'
import { createLimitStore } from './limit-store.ts'
import { createSharedCounts, type SharedCounts } from './shared-counts.ts'

export interface Limits {
  /** Before anything is known of a caller. Goes on without Redis. */
  readonly perAddress: RequestHandler
  /** Of an authenticated caller (`res.locals.caller`). Without Redis reads go on, all else is 503. */
  readonly perCaller: RequestHandler
  /** Of a webhook's sender (`res.locals.sender`). 503 without Redis. */
  readonly perSender: RequestHandler
  /** Of API tokens. */
  readonly failures: Failures
  /** Of the board's password. */
  readonly operatorFailures: Failures
}

interface LimitSettings {
  /** Begins every key in Redis. */
  readonly prefix: string
  readonly perUser: RateLimit
  readonly perIp: RateLimit
  readonly now: () => number
  readonly monotonic: () => number
}

/** Ten a minute, as RATE_LIMIT_PER_IP is by default a thousand: who raises the one for a large network raises both. */
const CALLS_PER_FAILURE = 100
/** Addresses and callers whose hash is remembered: some megabytes. */
const MOST_KEYS = 10_000
const OPERATOR_FAILURES: RateLimit = { limit: 10, windowMs: 60_000 }

/** Every limit of this API. They share what Redis counts; keys hold hashes, since Redis may name nobody who was erased. */
export function createLimits(redis: CountingRedis, { prefix, perUser, perIp, now, monotonic }: LimitSettings): Limits {
  const countsOf = (name: string, of: RateLimit) =>
    createSharedCounts(redis, { prefix: `${prefix}:limit:${name}:`, ...of, monotonic })
  const hashed = remembering(MOST_KEYS, hashToken)
  const limiter = (
    name: string,
    counts: SharedCounts,
    withoutRedis: 'open' | 'closed',
    of: RateLimit,
    keyOf: KeyOf,
  ): RequestHandler => {
    const showHeaders = limitHeaders(name, of, now)
    const limited = rateLimit({
      identifier: name,
      limit: of.limit,
      windowMs: of.windowMs,
      standardHeaders: false,
      legacyHeaders: false,
      // What it checks is settled here: proxies by TRUST_PROXY, keys by `addressKey`; it would speak on stderr.
      validate: false,
      keyGenerator: (req, res) => hashed(keyOf(req, res)),
      store: createLimitStore(counts, { prefix: name, withoutRedis, now }),
      handler: (req, res, next) => {
        showHeaders(req, res)
        next(refusal(req, now()))
      },
    })
    return (req, res, next) =>
      limited(req, res, (err?: unknown) => {
        if (err === undefined) showHeaders(req, res)
        next(err)
      })
  }
  // Reads and writes of a caller count together.
  const ofUsers = countsOf('user', perUser)
  const reads = limiter('user', ofUsers, 'open', perUser, callerOf)
  const writes = limiter('user', ofUsers, 'closed', perUser, callerOf)
  // A webhook's sender is a machine like any other: a thousand a minute by default, and more for a larger network.
  const perSender = perIp
  const failureLimit = { limit: Math.ceil(perIp.limit / CALLS_PER_FAILURE), windowMs: perIp.windowMs }
  return {
    perAddress: limiter('address', countsOf('address', perIp), 'open', perIp, (req) => addressKey(req.ip)),
    perCaller: (req, res, next) => (isRead(req) ? reads : writes)(req, res, next),
    perSender: limiter('sender', countsOf('sender', perSender), 'closed', perSender, senderOf),
    failures: createFailures(redis, { prefix: `${prefix}:limit:failures:`, ...failureLimit, monotonic }),
    operatorFailures: createFailures(redis, { prefix: `${prefix}:limit:operator:`, ...OPERATOR_FAILURES, monotonic }),
  }
}

type KeyOf = (req: Request, res: Response) => string

const callerOf: KeyOf = (_req, res) => String((res.locals as { caller?: { sub: string } }).caller?.sub)

const senderOf: KeyOf = (_req, res) => String(res.locals['sender'])

const isRead = ({ method }: Request): boolean => method === 'GET' || method === 'HEAD'

function refusal({ rateLimit: counted }: LimitedRequest, nowMs: number): AppError {
  const { resetTime } = counted ?? {}
  const retryAfterMs = Math.max(1_000, (resetTime?.getTime() ?? nowMs) - nowMs)
  return new AppError('rate_limited', 'Too many calls; see Retry-After', { retryAfterMs })
}
