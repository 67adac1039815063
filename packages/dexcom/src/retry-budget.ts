import { AppError } from '@bg-ingest/domain'

export interface RetryBudget {
  /** Pays for a try: free for the first. Throws `upstream_unavailable` with retryAfterMs where nothing is left. */
  pay(attempt: number): void
  /** Gives back what a try paid that was never sent. */
  giveBack(attempt: number): void
  succeeded(): void
  /** A timeout cost Dexcom more than an error: the retry after it pays double, the second half of it here and now. */
  timedOut(): void
}

/** As the AWS SDKs do it (promises.md I23): a hundred retries in reserve, and then one for each five successes. */
const FULL = 500
const RETRY_COST = 5
/** Together with RETRY_COST ten. Charged where the timeout happened, because the retry may run in another process. */
const TIMEOUT_COST = 5
const PER_SUCCESS = 1
/** An empty bucket fills with the successes of others; half a minute is when a breaker would probe. */
const LOOK_AGAIN_MS = 30_000

/** Keeps retries from making an outage worse: one bucket for each process and region. */
export function createRetryBudget(): RetryBudget {
  let tokens = FULL
  const change = (by: number) => {
    tokens = Math.min(FULL, Math.max(0, tokens + by))
  }
  return {
    pay(attempt) {
      if (attempt <= 1) return
      if (tokens < RETRY_COST)
        throw new AppError('upstream_unavailable', 'Too many retries', { retryAfterMs: LOOK_AGAIN_MS })
      change(-RETRY_COST)
    },
    giveBack(attempt) {
      if (attempt > 1) change(RETRY_COST)
    },
    succeeded: () => change(PER_SUCCESS),
    timedOut: () => change(-TIMEOUT_COST),
  }
}
