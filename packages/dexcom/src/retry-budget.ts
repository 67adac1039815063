import { AppError } from '@bg-ingest/domain'

export interface RetryBudget {
  /** Pays for a try; a first one is free. Throws `upstream_unavailable` with retryAfterMs where nothing is left. */
  pay(attempt: number): void
  /** Gives back what a try paid that was never sent. */
  giveBack(attempt: number): void
  /** A first try fills the bucket; a retry that helped costs nothing. */
  succeeded(attempt: number): void
  /** A timeout cost Dexcom more than an error: the retry after it pays double, the second half of it here and now. */
  timedOut(): void
}

/** As the AWS SDKs do it (promises.md I23): a hundred retries in reserve, and then one for each five successes. */
const FULL = 500
const RETRY_COST = 5
/** Together with RETRY_COST ten. Charged where the timeout happened, because the retry may run in another process. */
const TIMEOUT_COST = 5
const PER_SUCCESS = 1
/**
 * A hundred retries more than double the calls of a process that makes eighty in the time in which its breaker opens. So
 * in any minute retries that fail are at most a fifth of first tries; a quiet process may make ten.
 */
const SPAN_SECONDS = 60
const RETRY_SHARE = 0.2
const RETRIES_WHEN_QUIET = 10
/** An empty bucket fills with the successes of others; half a minute is when a breaker would probe. */
const LOOK_AGAIN_MS = 30_000

interface Tries {
  first: number
  again: number
}

/** Keeps retries from making an outage worse: one for each process and region. `now` in milliseconds, never jumps. */
export function createRetryBudget(now: () => number): RetryBudget {
  let tokens = FULL
  const seconds = new Map<number, Tries>()
  const change = (by: number) => {
    tokens = Math.min(FULL, Math.max(0, tokens + by))
  }

  function count(kind: keyof Tries, by: 1 | -1): void {
    const second = Math.floor(now() / 1000)
    for (const old of seconds.keys()) if (old <= second - SPAN_SECONDS) seconds.delete(old)
    const tries = seconds.get(second) ?? { first: 0, again: 0 }
    tries[kind] += by
    seconds.set(second, tries)
  }

  function isShareSpent(): boolean {
    const oldest = Math.floor(now() / 1000) - SPAN_SECONDS
    let [first, again] = [0, 0]
    for (const [second, tries] of seconds) {
      if (second <= oldest) continue
      first += tries.first
      again += tries.again
    }
    return again >= Math.max(RETRIES_WHEN_QUIET, first * RETRY_SHARE)
  }

  return {
    pay(attempt) {
      if (attempt <= 1) return count('first', 1)
      if (tokens < RETRY_COST || isShareSpent())
        throw new AppError('upstream_unavailable', 'Too many retries', { retryAfterMs: LOOK_AGAIN_MS })
      count('again', 1)
      change(-RETRY_COST)
    },
    giveBack(attempt) {
      count(attempt > 1 ? 'again' : 'first', -1)
      if (attempt > 1) change(RETRY_COST)
    },
    succeeded(attempt) {
      if (attempt <= 1) return change(PER_SUCCESS)
      count('again', -1)
      change(RETRY_COST)
    },
    timedOut: () => change(-TIMEOUT_COST),
  }
}
