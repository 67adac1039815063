import { AppError, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { anApi, CONNECTED, NOBODY, type TestApi } from './an-api.ts'

const CONNECTION = '/api/bg/alice/connection'
const DAY_MS = 86_400_000

describe('api: connection', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => api.reset())
  after(() => api.close())

  const connection = CONNECTED.connection ?? expect.fail()
  const ago = (days: number) => toInstant(api.now() - days * DAY_MS)

  describe('status', () => {
    it('is disconnected, with everything else empty, for a person never seen', async () => {
      api.behind.account = NOBODY
      const { status, json, headers } = await api.ask(CONNECTION)
      expect([status, headers['cache-control']]).to.deep.equal([200, 'no-store'])
      expect(json).to.deep.equal({
        userId: 'alice',
        status: 'disconnected',
        region: null,
        connectedAt: null,
        lastAttemptAt: null,
        lastSuccessAt: null,
        latestReadingAt: null,
        nextPollAt: null,
        pollIntervalSeconds: 900,
        paused: false,
        history: { state: 'none', from: null, through: null, percent: 0, readings: 0 },
        problem: null,
      })
    })

    it('tells what is known, and nothing of Dexcom', async () => {
      const history = { state: 'running', from: ago(100), to: ago(0), through: ago(25), readings: 7000 } as const
      api.behind.account = {
        connection: {
          ...connection,
          region: 'EU',
          connectedAt: ago(3),
          dexcomUserId: 'dexcom-pseudonym',
          pollIntervalSeconds: 60,
        },
        state: { ...NOBODY.state, lastAttemptAt: ago(1), lastSuccessAt: ago(2), newestAt: ago(2.5), history },
      }
      const { json, text } = await api.ask(CONNECTION)
      expect(json).to.deep.include({
        status: 'connected',
        region: 'EU',
        connectedAt: ago(3),
        lastAttemptAt: ago(1),
        lastSuccessAt: ago(2),
        latestReadingAt: ago(2.5),
        pollIntervalSeconds: 60,
        history: { state: 'running', from: ago(100), through: ago(25), percent: 25, readings: 7000 },
      })
      const untilPoll = Date.parse(String(json.nextPollAt)) - api.now()
      expect(untilPoll).to.be.within(0, 60_000)
      expect(text).not.to.include('dexcom-pseudonym')
    })

    it('names the problem and no next poll where the person has to connect again, or is paused', async () => {
      const problem = { code: 'needs_reauth', detail: 'The person has to connect again.' }
      api.behind.account = { ...CONNECTED, connection: { ...connection, status: 'needs_reauth', problem } }
      expect((await api.ask(CONNECTION)).json).to.deep.include({ status: 'needs_reauth', problem, nextPollAt: null })
      api.behind.account = { ...CONNECTED, connection: { ...connection, paused: true } }
      expect((await api.ask(CONNECTION)).json).to.deep.include({ status: 'connected', paused: true, nextPollAt: null })
    })

    const spans: readonly (readonly [name: string, history: object, percent: number])[] = [
      ['none', { state: 'none' }, 0],
      ['span not known yet', { state: 'running' }, 0],
      ['nothing stored yet', { state: 'running', from: 100, to: 0, through: 0 }, 0],
      ['half', { state: 'running', from: 100, to: 0, through: 50 }, 50],
      ['rounded down', { state: 'running', from: 3, to: 0, through: 1 }, 33],
      ['all but the last checkpoint', { state: 'running', from: 100, to: 0, through: 100 }, 99],
      ['further than planned', { state: 'running', from: 100, to: 0, through: 101 }, 99],
      ['before it begins', { state: 'running', from: 100, to: 1, through: 0 }, 0],
      ['an empty span', { state: 'running', from: 5, to: 5, through: 5 }, 0],
      ['failed half-way', { state: 'failed', from: 100, to: 0, through: 50 }, 50],
      ['complete', { state: 'complete', from: 100, to: 0, through: 100 }, 100],
      ['complete without data', { state: 'complete' }, 100],
    ]
    for (const [name, history, percent] of spans)
      it(`history, ${name}: ${percent} %`, async () => {
        const { from, to, through, state } = history as { state: 'none'; from?: number; to?: number; through?: number }
        const at = (days: number | undefined) => (days === undefined ? null : ago(days))
        const stored = { state, from: at(from), to: at(to), through: at(through), readings: 0 }
        api.behind.account = { ...CONNECTED, state: { ...NOBODY.state, history: stored } }
        expect((await api.ask(CONNECTION)).json.history).to.deep.include({ state, percent })
      })
  })

  describe('start', () => {
    const post = (body?: unknown, headers = {}) => api.ask(CONNECTION, { method: 'POST', body, headers })

    it('is a one-time address of ours for ten minutes, on the origin of the redirect URI', async () => {
      const { status, json, headers } = await post()
      expect([status, headers['cache-control']]).to.deep.equal([201, 'no-store'])
      expect(json).to.have.all.keys('authorizationUrl', 'expiresAt')
      expect(json.authorizationUrl).to.match(/^https:\/\/bg\.example\.com\/oauth\/start\/[\w-]{43}$/)
      expect(json.expiresAt).to.equal(toInstant(api.now() + 600_000))
      const [[key, value] = expect.fail()] = api.behind.tickets
      expect(`start ${String(json.authorizationUrl).split('/').at(-1)}`).to.equal(key)
      expect(value).to.deep.equal({ userId: 'alice', region: 'default', returnTo: null })
    })

    it('does not let a header choose where it leads', async () => {
      const forged = {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        forwarded: 'host=evil.example',
      }
      const { json } = await post(undefined, forged)
      expect(json.authorizationUrl).to.match(/^https:\/\/bg\.example\.com\//)
    })

    it('never gives the same address twice', async () => {
      const urls = new Set<unknown>()
      for (let n = 0; n < 5; n++) urls.add((await post()).json.authorizationUrl)
      expect(urls.size).to.equal(5)
    })

    it('takes a region of ours and an allowed way back', async () => {
      const { status } = await post({ region: 'EU', returnTo: 'https://app.example.com/done?x=1' })
      expect(status).to.equal(201)
      expect([...api.behind.tickets.values()][0]).to.deep.include({
        region: 'EU',
        returnTo: 'https://app.example.com/done?x=1',
      })
    })

    const bad: readonly (readonly [body: unknown, pointer: string])[] = [
      [{ region: 'MARS' }, '/region'],
      [{ region: '__proto__' }, '/region'],
      [{ region: 1 }, '/region'],
      [{ returnTo: 'https://evil.example/' }, '/returnTo'],
      [{ returnTo: 'https://app.example.com.evil.example/' }, '/returnTo'],
      [{ returnTo: 'https://app.example.com@evil.example/' }, '/returnTo'],
      [{ returnTo: 'http://app.example.com/' }, '/returnTo'],
      [{ returnTo: 'https://app.example.com:444/' }, '/returnTo'],
      [{ returnTo: '//app.example.com/' }, '/returnTo'],
      [{ returnTo: '/done' }, '/returnTo'],
      [{ returnTo: 'javascript:alert(1)' }, '/returnTo'],
      [{ returnTo: '' }, '/returnTo'],
      [{ returnTo: `https://app.example.com/${'a'.repeat(2048)}` }, '/returnTo'],
      [{ userId: 'bob' }, '/userId'],
    ]
    for (const [body, pointer] of bad)
      it(`refuses ${JSON.stringify(body).slice(0, 70)}`, async () => {
        const { status, json } = await post(body)
        expect([status, json.code, json.errors?.[0]?.pointer]).to.deep.equal([400, 'invalid_request', pointer])
        expect(api.behind.tickets.size).to.equal(0)
      })

    it('is 503 while Redis is away', async () => {
      api.behind.queueFault = new AppError('service_unavailable', 'The job queue cannot be reached')
      expect((await post()).status).to.equal(503)
    })
  })

  describe('end', () => {
    const end = (query = '', ask = {}) => api.ask(`${CONNECTION}${query}`, { method: 'DELETE', ...ask })

    it('is a job; it erases only if told so', async () => {
      for (const [query, erase] of [
        ['', false],
        ['?erase=false', false],
        ['?erase=true', true],
      ] as const) {
        const { status, json, headers } = await end(query, { headers: { 'x-request-id': 'req-1' } })
        expect([status, headers['cache-control']]).to.deep.equal([202, 'no-store'])
        expect(json).to.deep.equal({ jobId: 'job_0', userId: 'alice', status: 'queued' })
        expect(api.behind.enqueued.pop()).to.deep.equal({
          key: 'disconnectUser',
          input: { v: 1, userId: 'alice', erase, requestId: 'req-1' },
        })
      }
    })

    it('refuses an erasure that is not plainly meant', async () => {
      for (const query of [
        '?erase=1',
        '?erase=TRUE',
        '?erase=',
        '?erase=true&erase=false',
        '?Erase=true',
        '?erase[]=true',
      ]) {
        expect((await end(query)).status, query).to.equal(400)
      }
      expect(api.behind.enqueued).to.deep.equal([])
    })

    it('takes no body, since an erasure asked for in one would be overlooked', async () => {
      const { status, json } = await end('', { body: { erase: true } })
      expect([status, json.code]).to.deep.equal([400, 'invalid_request'])
      expect(api.behind.enqueued).to.deep.equal([])
    })
  })
})
