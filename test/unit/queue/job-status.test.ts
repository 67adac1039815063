import { AppError, NO_COUNTS, toInstant, UserId } from '@bg-ingest/domain'
import { failedReason, hasEnded, parseFailure, type StoredJob, toJobStatus } from '@bg-ingest/queue'
import { expect } from 'chai'

const userId = UserId.parse('alice')
const aJob = (job: Partial<StoredJob>): StoredJob => ({
  id: 'a_0',
  data: { userId, trigger: 'webhook' },
  state: 'waiting',
  returnvalue: null,
  failedReason: undefined,
  ...job,
})
const result = { from: toInstant(0), to: toInstant(1), ...NO_COUNTS, durationMs: 12 }

describe('queue: status of a job', () => {
  for (const [state, status, ended] of [
    ['waiting', 'queued', false],
    ['prioritized', 'queued', false],
    ['delayed', 'queued', false],
    ['active', 'active', false],
    ['completed', 'completed', true],
    ['failed', 'failed', true],
  ] as const) {
    it(`says ${status} for ${state}`, () => {
      const found = toJobStatus(aJob({ state }))
      expect(found).to.include({ jobId: 'a_0', userId, status, trigger: 'webhook' })
      expect(hasEnded(found)).to.equal(ended)
    })
  }

  it('shows the result of a completed sync alone, and only what is one', () => {
    expect(toJobStatus(aJob({ state: 'completed', returnvalue: result })).result).to.deep.equal(result)
    expect(toJobStatus(aJob({ state: 'active', returnvalue: result })).result).to.equal(null)
    expect(toJobStatus(aJob({ state: 'completed', returnvalue: { ...result, glucose: 101 } })).result).to.equal(null)
  })

  it('shows code and message of an AppError', () => {
    const reason = failedReason(new AppError('needs_reauth', 'Connect: again\nplease'))
    expect(parseFailure(reason)).to.deep.equal({ code: 'needs_reauth', detail: 'Connect: again\nplease' })
    expect(toJobStatus(aJob({ state: 'failed', failedReason: reason })).error?.code).to.equal('needs_reauth')
    expect(toJobStatus(aJob({ state: 'delayed', failedReason: reason })).error).to.equal(null)
  })

  for (const reason of [
    undefined,
    '',
    'job stalled more than allowable limit',
    'toString: secret',
    failedReason(new AppError('internal_error', 'secret')),
  ]) {
    it(`shows nothing of ${JSON.stringify(reason)}`, () => {
      expect(parseFailure(reason)).to.deep.equal({ code: 'internal_error', detail: 'Internal error' })
    })
  }
})
