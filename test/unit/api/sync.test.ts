import { AppError, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { anApi, aSync, BOB, CONNECTED, NOBODY, type TestApi } from './an-api.ts'

const SYNC = '/api/bg/alice/sync'
const RESULT = {
  from: toInstant(Date.parse('2026-11-19T10:00:00Z')),
  to: toInstant(Date.parse('2026-11-20T12:00:00Z')),
  fetched: 5,
  stored: 3,
  updated: 1,
  unchanged: 1,
  rejected: 0,
  durationMs: 420,
}

describe('api: sync', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => api.reset())
  after(() => api.close())

  const post = (ask = {}) => api.ask(SYNC, { method: 'POST', ...ask })
  const wait = (seconds: unknown) => ({ headers: { prefer: `wait=${seconds}` } })

  describe('request', () => {
    it('is accepted with the address of its status', async () => {
      const { status, headers, json } = await post({ headers: { 'x-request-id': 'req-1' } })
      expect(status).to.equal(202)
      expect(headers.location).to.equal('/api/bg/alice/sync/job_0')
      expect(headers['cache-control']).to.equal('no-store')
      expect(json).to.deep.equal({ ...aSync(), attached: false })
      expect(api.behind.requested).to.deep.equal([{ userId: 'alice', trigger: 'manual', requestId: 'req-1' }])
      expect(api.behind.waits).to.deep.equal([])
    })

    it('shows the job as it stands, and that somebody else had asked for it', async () => {
      api.behind.attached = true
      api.behind.syncs.set('job_0', aSync({ status: 'active', trigger: 'poll' }))
      expect((await post()).json).to.deep.include({ status: 'active', trigger: 'poll', attached: true })
    })

    it('does not answer 200 to who did not wait, even where it has ended already', async () => {
      api.behind.syncs.set('job_0', aSync({ status: 'completed', result: RESULT }))
      const { status, json, headers } = await post()
      expect([status, json.status]).to.deep.equal([202, 'completed'])
      expect(headers).not.to.have.property('preference-applied')
    })

    it('waits as long as preferred, and answers 200 once it has ended', async () => {
      for (const outcome of [
        aSync({ status: 'completed', result: RESULT }),
        aSync({ status: 'failed', error: { code: 'needs_reauth', detail: 'The person has to connect again' } }),
      ]) {
        api.behind.outcome = outcome
        const { status, json, headers } = await post(wait(7))
        expect(status).to.equal(200)
        expect(json).to.deep.equal({ ...outcome, attached: false })
        expect(headers['preference-applied']).to.equal('wait=7')
        expect(headers.location).to.equal('/api/bg/alice/sync/job_0')
      }
      expect(api.behind.waits).to.deep.equal([7000, 7000])
    })

    it('answers 202 where it has not ended in that time, or is not to be seen yet', async () => {
      for (const outcome of [aSync({ status: 'active' }), null]) {
        api.behind.outcome = outcome
        const { status, headers } = await post(wait(1))
        expect(status).to.equal(202)
        expect(headers).not.to.have.property('preference-applied')
      }
    })

    it('takes a span, in any zone', async () => {
      const { status } = await post({ body: { from: '2026-11-19T01:00:00+01:00', to: '2026-11-20T00:00:00Z' } })
      expect(status).to.equal(202)
      expect(api.behind.requested[0]).to.deep.include({
        range: { from: '2026-11-19T00:00:00.000Z', to: '2026-11-20T00:00:00.000Z' },
      })
    })

    const bad: readonly (readonly [name: string, body: unknown, pointer: string])[] = [
      ['a span without an end', { from: '2026-11-19T00:00:00Z' }, '/to'],
      ['a span without a start', { to: '2026-11-19T00:00:00Z' }, '/from'],
      ['an empty span', { from: '2026-11-19T00:00:00Z', to: '2026-11-19T00:00:00Z' }, '/from'],
      ['a day', { from: '2026-11-19', to: '2026-11-20' }, '/from'],
      ['a number', { from: 1, to: 2 }, '/from'],
      ['a list', [], ''],
      ['an unknown name', { force: true }, '/force'],
      ['a name with what separates names', { 'a/b~c.d': true }, '/a~1b~0c.d'],
      ['__proto__', '{"__proto__": {"from": "2026-11-19T00:00:00Z"}}', '/__proto__'],
      ['constructor', { constructor: { prototype: {} } }, '/constructor'],
    ]
    for (const [name, body, pointer] of bad)
      it(`refuses ${name}`, async () => {
        const { status, json } = await post({ body })
        expect([status, json.code, json.errors?.[0]?.pointer]).to.deep.equal([400, 'invalid_request', pointer])
        expect(api.behind.requested).to.deep.equal([])
        expect(Object.hasOwn(Object.prototype, 'from')).to.equal(false)
      })

    it('refuses a wait that it would have to shorten, before it asks for anything', async () => {
      for (const seconds of [31, -1, '1.5', 'ever', '']) {
        const { status, json } = await post(wait(seconds))
        expect([status, json.code, json.errors?.[0]?.pointer]).to.deep.equal([400, 'invalid_request', 'Prefer'])
      }
      expect(api.behind.requested).to.deep.equal([])
    })

    it('is refused for who is not connected: 409', async () => {
      const connection = CONNECTED.connection ?? expect.fail()
      for (const account of [
        NOBODY,
        { ...CONNECTED, connection: { ...connection, status: 'needs_reauth' as const } },
        { ...CONNECTED, connection: { ...connection, status: 'disconnected' as const } },
      ]) {
        api.behind.account = account
        const { status, json } = await post()
        expect([status, json.code]).to.deep.equal([409, 'not_connected'])
      }
      expect(api.behind.requested).to.deep.equal([])
    })

    it('is never accepted without a job: 503 with Retry-After while Redis is away', async () => {
      api.behind.queueFault = new AppError('service_unavailable', 'The job queue cannot be reached', {
        retryAfterMs: 1400,
      })
      const { status, json, headers } = await post()
      expect([status, json.code, headers['retry-after']]).to.deep.equal([503, 'service_unavailable', '2'])
      expect(headers).not.to.have.property('location')
    })
  })

  describe('status', () => {
    it('is the same object, and of no interest to a cache', async () => {
      api.behind.syncs.set('job_0', aSync({ status: 'completed', trigger: 'poll', result: RESULT }))
      const { status, json, headers } = await api.ask(`${SYNC}/job_0`)
      expect(status).to.equal(200)
      expect(json).to.deep.equal({
        ...aSync({ status: 'completed', trigger: 'poll', result: RESULT }),
        attached: false,
      })
      expect(headers['cache-control']).to.equal('no-store')
    })

    it("is 404 for an unknown job and for another person's, in the same words", async () => {
      api.behind.syncs.set('job_7', aSync({ userId: BOB }))
      const answers = [await api.ask(`${SYNC}/job_7`), await api.ask(`${SYNC}/job_8`)]
      for (const { status, json } of answers) expect([status, json.code]).to.deep.equal([404, 'not_found'])
      expect(answers[0]?.json.detail).to.equal(answers[1]?.json.detail)
    })

    it('refuses what cannot be an id', async () => {
      for (const id of ['a%3Ab', 'bull%3A*', 'x'.repeat(129), '%00', '..%2Fx']) {
        const { status, json } = await api.ask(`${SYNC}/${id}`)
        expect([status, json.errors?.[0]?.pointer], id).to.deep.equal([400, 'jobId'])
      }
    })

    it('is 503 while Redis is away', async () => {
      api.behind.queueFault = new AppError('service_unavailable', 'The job queue cannot be reached')
      const { status, headers } = await api.ask(`${SYNC}/job_0`)
      expect([status, headers['retry-after']]).to.deep.equal([503, '1'])
    })
  })
})
