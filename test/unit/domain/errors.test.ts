import { AppError, ERROR_CODES, type ErrorCode } from '@bg-ingest/domain'
import { expect } from 'chai'

describe('errors', () => {
  it('know their status and whether the same call may succeed later', () => {
    expect(new AppError('not_connected', 'no')).to.include({ status: 409, retryable: false, name: 'AppError' })
    expect(new AppError('lease_taken', 'busy')).to.include({ status: 503, retryable: true })
  })

  it('have the statuses of the contract', () => {
    const contract: Partial<Record<ErrorCode, number>> = {
      invalid_request: 400,
      unauthorized: 401,
      forbidden: 403,
      not_found: 404,
      no_readings: 404,
      not_connected: 409,
      payload_too_large: 413,
      unsupported_media_type: 415,
      rate_limited: 429,
      service_unavailable: 503,
      internal_error: 500,
    }
    for (const [code, status] of Object.entries(contract))
      expect(ERROR_CODES[code as ErrorCode].status, code).to.equal(status)
  })

  it('stay what they are, and everything else becomes an internal error that keeps its cause to itself', () => {
    const known = new AppError('forbidden', 'no', { retryAfterMs: 5, errors: [{ pointer: '/a', detail: 'b' }] })
    expect(AppError.from(known)).to.equal(known)
    expect(known).to.deep.include({ retryAfterMs: 5, errors: [{ pointer: '/a', detail: 'b' }] })
    const secret = new Error('token abc')
    const wrapped = AppError.from(secret)
    expect(wrapped).to.include({ code: 'internal_error', cause: secret, retryAfterMs: undefined })
    expect(wrapped.message).not.to.contain('abc')
    expect(AppError.from('text').code).to.equal('internal_error')
    expect(AppError.from(undefined)).not.to.have.own.property('cause')
  })
})
