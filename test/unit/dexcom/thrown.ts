import { AppError } from '@bg-ingest/domain'

/** The AppError a promise rejects with; anything else fails the test. */
export async function thrown(promise: Promise<unknown>): Promise<AppError> {
  const outcome = await promise.then(
    () => new Error('expected a rejection'),
    (err: unknown) => err,
  )
  if (outcome instanceof AppError) return outcome
  throw outcome
}
