import { AppError } from '@bg-ingest/domain'

/** One command may take 1 s (redis.ts); whatever a call consists of, it is over before 1.5 s. */
export const DEADLINE_MS = 1_400

const RETRY_AFTER_MS = 1_000

export const unavailable = (cause?: unknown): AppError =>
  new AppError('service_unavailable', 'The job queue cannot be reached', { cause, retryAfterMs: RETRY_AFTER_MS })

/**
 * Runs work that talks to Redis: whatever it throws, and silence beyond `deadlineMs`, is `service_unavailable`.
 * What was sent may still take effect after the deadline, so work under it must bear repetition.
 */
export async function orUnavailable<T>(work: () => Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(unavailable(new Error(`no answer within ${deadlineMs} ms`))), deadlineMs)
  try {
    return await Promise.race([work(), late])
  } catch (err) {
    throw err instanceof AppError ? err : unavailable(err)
  } finally {
    clearTimeout(timer)
  }
}
