import { AppError, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { anApi, aSync, CONNECTED, NOBODY, type TestApi } from './an-api.ts'

const CONNECTION = '/api/bg/alice/connection'

describe('api: changing a connection', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => api.reset())
  after(() => api.close())

  const connection = CONNECTED.connection ?? expect.fail()
  const change = (body: unknown) => api.ask(CONNECTION, { method: 'PATCH', body })

  it('has a worker change it, and answers with the connection as it is then', async () => {
    api.behind.outcome = aSync({ status: 'completed' })
    const { status, json, headers } = await change({ pollIntervalSeconds: 300, paused: false })
    expect([status, headers['cache-control']]).to.deep.equal([200, 'no-store'])
    expect(json).to.deep.include({ userId: 'alice', status: 'connected', pollIntervalSeconds: 900, paused: false })
    expect(api.behind.waits).to.deep.equal([10_000])
    const [job] = api.behind.enqueued
    expect(job?.key).to.equal('configureUser')
    expect(job?.input).to.deep.include({ v: 1, userId: 'alice', pollIntervalSeconds: 300, paused: false })
  })

  it('answers 202 where it takes longer', async () => {
    api.behind.outcome = aSync({ status: 'active' })
    expect((await change({ paused: true })).status).to.equal(202)
    expect(api.behind.enqueued[0]?.input).not.to.have.property('pollIntervalSeconds')
  })

  it('shows no next poll of a person who is paused, or parked', async () => {
    api.behind.outcome = aSync({ status: 'completed' })
    expect((await change({ paused: false })).json.nextPollAt).to.be.a('string')
    for (const over of [{ paused: true }, { parkedAt: toInstant(api.now()) }]) {
      api.behind.account = { ...CONNECTED, connection: { ...connection, ...over } }
      expect((await change({ paused: true })).json.nextPollAt).to.equal(null)
    }
  })

  for (const [what, body] of [
    ['nothing', {}],
    ['an interval below a minute', { pollIntervalSeconds: 59 }],
    ['an interval above a day', { pollIntervalSeconds: 86_401 }],
    ['half a second', { pollIntervalSeconds: 60.5 }],
    ['a number in words', { pollIntervalSeconds: '60' }],
    ['an unknown name', { paused: true, region: 'EU' }],
    ['a pause that is neither', { paused: null }],
    ['no body at all', undefined],
  ] as const)
    it(`refuses ${what}`, async () => {
      const { status, json } = await change(body)
      expect([status, json.code]).to.deep.equal([400, 'invalid_request'])
      expect(api.behind.enqueued).to.deep.equal([])
    })

  it('takes the bounds themselves', async () => {
    api.behind.outcome = aSync({ status: 'completed' })
    for (const pollIntervalSeconds of [60, 86_400]) expect((await change({ pollIntervalSeconds })).status).to.equal(200)
  })

  it('is not_connected for who is not, found out by the API or by the worker', async () => {
    for (const account of [NOBODY, { ...CONNECTED, connection: { ...connection, status: 'needs_reauth' as const } }]) {
      api.behind.account = account
      expect(await change({ paused: true })).to.deep.include({ status: 409 })
    }
    expect(api.behind.enqueued).to.deep.equal([])
    api.behind.account = CONNECTED
    api.behind.outcome = aSync({ status: 'failed', error: { code: 'not_connected', detail: '' } })
    const { status, json } = await change({ paused: true })
    expect([status, json.code]).to.deep.equal([409, 'not_connected'])
  })

  it('is unavailable without the queue, or where the worker gave up', async () => {
    api.behind.outcome = aSync({ status: 'failed', error: { code: 'internal_error', detail: 'c4n4ry' } })
    expect(await change({ paused: true })).to.deep.include({ status: 503 })
    api.behind.queueFault = new AppError('service_unavailable', 'away', { retryAfterMs: 1_000 })
    const { status, headers } = await change({ paused: true })
    expect([status, headers['retry-after']]).to.deep.equal([503, '1'])
  })
})
