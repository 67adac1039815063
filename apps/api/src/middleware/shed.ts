import { AppError } from '@bg-ingest/domain'
import type { Request, RequestHandler } from 'express'

/** Above either of them a request of this kind is turned away. */
interface Bounds {
  readonly lagMs: number
  readonly inFlight: number
}

/**
 * What costs most and can best wait goes first; the newest reading, which people look at, goes last. Writes under way may
 * be waiting for a sync and cost nothing meanwhile; 2,000 times 100 us of a read are the fifth of a second that one may take.
 */
const BOUNDS = {
  heavy: { lagMs: 150, inFlight: 500 },
  plain: { lagMs: 400, inFlight: 1_000 },
  latest: { lagMs: 1_000, inFlight: 2_000 },
} as const satisfies Record<string, Bounds>

const RETRY_AFTER_MS = 2_000
/** A page that a screen shows; beyond it somebody copies. */
const LARGE_LIMIT = 288

/** Turns requests away at once while there are too many, before any work is put into them: 503 with Retry-After. */
export function shed(lagMs: () => number): RequestHandler {
  let inFlight = 0
  return (req, res, next) => {
    const bounds = BOUNDS[kindOf(req)]
    if (inFlight >= bounds.inFlight || lagMs() > bounds.lagMs)
      throw new AppError('service_unavailable', 'Too much to do right now', { retryAfterMs: RETRY_AFTER_MS })
    inFlight += 1
    res.once('close', () => {
      inFlight -= 1
    })
    next()
  }
}

function kindOf({ method, path, url, headers }: Request): keyof typeof BOUNDS {
  if (method !== 'GET' && method !== 'HEAD') return 'heavy'
  if (path.endsWith('/latest')) return 'latest'
  const limit = /[?&]limit=(\d{1,4}|all)(?:&|$)/.exec(url)?.[1]
  const rows = /\b(?:text\/csv|application\/x-ndjson)\b/.test(headers.accept ?? '')
  return rows || limit === 'all' || Number(limit) > LARGE_LIMIT ? 'heavy' : 'plain'
}
