import { BgIngestError } from './problem.ts'

export interface RetryOptions {
  /** Tries of one call, the first included. Default 4. */
  readonly attempts?: number
  /** The longest single wait; where the API asks for more, the call fails at once. Default 30 s. */
  readonly maxDelayMs?: number
}

export interface RetryPolicy {
  readonly attempts: number
  readonly maxDelayMs: number
  /** Between 0 and 1. */
  readonly random: () => number
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

const ATTEMPTS = 4
const MAX_DELAY_MS = 30_000
const FIRST_DELAY_MS = 500

export const retryPolicy = (
  { attempts = ATTEMPTS, maxDelayMs = MAX_DELAY_MS }: RetryOptions,
  { random, sleep }: Pick<RetryPolicy, 'random' | 'sleep'>,
): RetryPolicy => ({ attempts, maxDelayMs, random, sleep })

/** Tries a call until it succeeds, fails for good, or has been tried often enough; then throws its last error. */
export async function withRetries<T>(
  call: () => Promise<T>,
  { attempts, maxDelayMs, random, sleep }: RetryPolicy,
  { idempotent, signal }: { readonly idempotent: boolean; readonly signal: AbortSignal | undefined },
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call()
    } catch (err) {
      if (attempt >= attempts || !(err instanceof BgIngestError) || !isPassing(err, idempotent)) throw err
      const delayMs = delayOf(err, attempt, random)
      if (delayMs > maxDelayMs) throw err
      await sleep(delayMs, signal)
    }
  }
}

/** 429 and 503 say that nothing was done; of anything else nobody knows, so that only what may be done twice is. */
function isPassing({ status, code }: BgIngestError, idempotent: boolean): boolean {
  if (status === 429 || status === 503) return true
  return idempotent && (code === 'unreachable' || status === 500 || status === 502 || status === 504)
}

/** Never before Retry-After, and spread over half as long again, so that the many who were refused together do not return together. */
function delayOf({ retryAfterMs }: BgIngestError, attempt: number, random: () => number): number {
  const atLeast = retryAfterMs ?? FIRST_DELAY_MS * 2 ** (attempt - 1)
  return atLeast * (1 + random() / 2)
}
