import { AppError } from '@bg-ingest/domain'

/** DynamoDB throttles for seconds and fails over within a minute; a caller who waits 2 s spares it the rush. */
const RETRY_AFTER_MS = 2_000

/**
 * A reader whose failed calls are `service_unavailable`. What is no failure of the call (an item that cannot be read,
 * a defect of ours) stays what it is: nobody should come back for it.
 */
export function orUnavailable<Args extends readonly unknown[], T>(read: (...args: Args) => Promise<T>) {
  return async (...args: Args): Promise<T> => {
    try {
      return await read(...args)
    } catch (err) {
      if (!isFailedCall(err)) throw err
      throw new AppError('service_unavailable', 'The store cannot be reached', {
        cause: err,
        retryAfterMs: RETRY_AFTER_MS,
      })
    }
  }
}

/**
 * The AWS SDK puts `$metadata` on whatever its calls end with: DynamoDB's errors, timeouts, lost connections. Only
 * credentials that cannot be had end a call before it, and a query that DynamoDB finds invalid is our own defect.
 */
const isFailedCall = (err: unknown): boolean =>
  err instanceof Error && ('$metadata' in err ? err.name !== 'ValidationException' : err.name === NO_CREDENTIALS)

const NO_CREDENTIALS = 'CredentialsProviderError'
