import { AppError, type ErrorCode } from '@bg-ingest/domain'
import { expect } from 'chai'

/** The AppError a promise rejects with; fails where it resolves or rejects with anything else. */
export async function thrownBy(promise: Promise<unknown>): Promise<AppError> {
  const outcome = await promise.then(
    () => 'resolved',
    (err: unknown) => err,
  )
  if (outcome instanceof AppError) return outcome
  throw new Error('expected an AppError', { cause: outcome })
}

export async function expectCode(promise: Promise<unknown>, code: ErrorCode): Promise<AppError> {
  const error = await thrownBy(promise)
  expect(error.code).to.equal(code)
  return error
}
