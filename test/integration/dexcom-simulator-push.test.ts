import { EgvRecord } from '@bg-ingest/dexcom-contract'
import { createTokenVerifier, isAuthentic } from '@bg-ingest/security'
import { expect } from 'chai'
import { type ReceivedPush, startPushReceiver } from '../support/push-receiver.ts'
import { type Visitor, visitSimulator } from '../support/simulator-visitor.ts'
import { until } from '../support/until.ts'

const KEY = Buffer.from('thirty-two bytes of a test secret')
const SECRET = `whsec_${KEY.toString('base64')}`
const AUDIENCE = 'bg-ingest-webhook'
const TEN_MINUTES_MS = 600_000

describe('dexcom simulator: pushes', () => {
  let at: Visitor
  let receiver: Awaited<ReturnType<typeof startPushReceiver>>
  beforeEach(async () => {
    receiver = await startPushReceiver()
    at = await visitSimulator()
    await at.connect('bob')
  })
  afterEach(async () => {
    await at.simulator.stop()
    await receiver.stop()
  })

  const { stringify } = JSON
  const push = async (more: object = {}) => {
    const options = { url: `${receiver.url}/api/bg/{user}/webhook`, users: { bob: 'robert' }, secret: SECRET, ...more }
    const { status, body } = await at.sim('POST', 'push', options)
    expect(status, stringify(body)).to.equal(204)
  }
  const received = async (count: number): Promise<ReceivedPush[]> => {
    await until(`${count} pushes`, () => receiver.received.length >= count)
    return receiver.received
  }
  const sent = async (): Promise<ReceivedPush[]> => {
    const { status, body } = await at.sim('POST', 'push/send', { user: 'bob' })
    expect(status).to.equal(200)
    return receiver.received.splice(0, body.deliveries)
  }
  const isSigned = ({ headers, body }: ReceivedPush) =>
    isAuthentic(
      {
        id: headers['webhook-id'],
        timestamp: headers['webhook-timestamp'],
        signature: headers['webhook-signature'],
        body: Buffer.from(body),
      },
      [KEY],
      Date.now(),
    )
  const verified = (delivery: ReceivedPush | undefined, key: Parameters<typeof createTokenVerifier>[0]['key']) =>
    createTokenVerifier({ key, audience: AUDIENCE })
      .verify(delivery?.headers.authorization)
      .then(({ sub, scopes }) => [String(sub), ...scopes])
      .catch(() => null)
  const jwks = () => ({ kind: 'jwks', url: `${at.simulator.baseUrl}/__sim/issuer/jwks.json` }) as const

  it("carry what has become visible in Dexcom's wrapper, oldest first, to the person's address, with both proofs", async () => {
    await push()
    at.simulator.clock.advance(TEN_MINUTES_MS)
    const [delivery] = await received(1)
    expect(delivery?.path).to.equal('/api/bg/robert/webhook')
    expect(delivery && isSigned(delivery)).to.equal(true)
    expect(await verified(delivery, jwks())).to.deep.equal(['dexcom-client', 'bg:webhook'])
    const { recordType, recordVersion, userId, records } = JSON.parse(delivery?.body ?? '')
    expect([recordType, recordVersion]).to.deep.equal(['egv', '3.0'])
    const { body } = await at.sim('GET', 'truth?user=bob')
    expect(userId).to.equal(body.dexcomUserId)
    const times = records.map((record: unknown) => EgvRecord.parse(record).systemTime)
    expect(times).to.have.lengthOf(2)
    expect(times).to.deep.equal(times.toSorted())
    expect(times.at(-1)).to.equal(`${body.readings.at(-1).systemTime.slice(0, 19)}Z`)
  })

  it('push each reading once: what was there at the start, and what was pushed, never again', async () => {
    await push({ batch: 'one' })
    expect((await at.sim('POST', 'push/look')).body).to.deep.equal({ deliveries: 0 })
    at.simulator.clock.advance(6 * TEN_MINUTES_MS)
    await received(12)
    expect((await at.sim('POST', 'push/look')).body).to.deep.equal({ deliveries: 0 })
    const ids = receiver.received.map(({ body }) => JSON.parse(body).records[0].recordId)
    expect(new Set(ids).size).to.equal(ids.length)
  })

  it('go to people with a consent, or only to those whose streaming is active', async () => {
    await at.connect('cy')
    await push({ everyone: false })
    at.simulator.clock.advance(TEN_MINUTES_MS)
    expect((await at.sim('POST', 'push/look')).body).to.deep.equal({ deliveries: 0 })
    await at.sim('POST', 'streaming', { user: 'cy', active: true })
    at.simulator.clock.advance(6 * TEN_MINUTES_MS)
    await received(1)
    expect(receiver.received.every(({ path }) => path === '/api/bg/cy/webhook')).to.equal(true)
    await push()
    await at.sim('POST', 'expire-all')
    receiver.received.length = 0
    at.simulator.clock.advance(6 * TEN_MINUTES_MS)
    expect((await at.sim('POST', 'push/look')).body).to.deep.equal({ deliveries: 0 })
  })

  it('may be a notice, without token or signature, or without the delay of the vendor', async () => {
    await push({ body: 'notice', token: null, secret: undefined })
    const [notice] = await sent()
    expect(JSON.parse(notice?.body ?? '')).to.deep.equal({ type: 'data.available' })
    expect(notice?.headers).to.not.have.any.keys('authorization', 'webhook-id', 'webhook-signature')
    await push({ isRealtime: true })
    const [realtime] = await sent()
    const newest = JSON.parse(realtime?.body ?? '').records.at(-1).systemTime
    expect(at.simulator.clock.now() - Date.parse(newest)).to.be.below(TEN_MINUTES_MS)
  })

  it('are signed by RS256 or by a shared secret too', async () => {
    await push({ token: { algorithm: 'RS256' } })
    expect(await verified((await sent())[0], jwks())).to.deep.equal(['dexcom-client', 'bg:webhook'])
    const secret = 'a shared secret of at least thirty-two bytes'
    await push({ token: { algorithm: 'HS256', secret, subject: 'relay' } })
    expect(await verified((await sent())[0], { kind: 'secret', secret })).to.deep.equal(['relay', 'bg:webhook'])
    const refused = await at.sim('POST', 'push', { url: receiver.url, token: { algorithm: 'HS256' } })
    expect(refused.status).to.equal(400)
  })

  it('come twice, reversed, as a flood or not at all', async () => {
    await push({ modes: ['duplicate'] })
    const twice = await sent()
    expect(new Set(twice.map(({ headers }) => headers['webhook-id'])).size).to.equal(1)
    expect(twice).to.have.lengthOf(2)
    await push({ batch: 'one', modes: ['reorder'] })
    const times = (await sent()).map(({ body }) => JSON.parse(body).records[0].systemTime)
    expect(times).to.have.lengthOf(12)
    expect(times).to.deep.equal(times.toSorted().reverse())
    await push({ modes: ['flood'], floodSize: 30 })
    expect(new Set((await sent()).map(({ headers }) => headers['webhook-id'])).size).to.equal(30)
    await push({ modes: ['silence'] })
    expect(await sent()).to.deep.equal([])
  })

  it('are wrong as told: token, signature, timestamp, person, size', async () => {
    const one = async (...modes: string[]) => {
      await push({ modes })
      const [delivery] = await sent()
      if (!delivery) throw new Error('nothing was delivered')
      return delivery
    }
    expect(await verified(await one('wrong-audience'), jwks())).to.equal(null)
    expect(await verified(await one('expired-token'), jwks())).to.equal(null)
    expect(await verified(await one(), jwks())).to.not.equal(null)
    expect(isSigned(await one('bad-signature'))).to.equal(false)
    const stale = await one('stale-timestamp')
    expect(isSigned(stale)).to.equal(false)
    expect(Date.now() / 1000 - Number(stale.headers['webhook-timestamp'])).to.be.greaterThan(3000)
    const { body } = await at.sim('GET', 'truth?user=bob')
    const foreign = await one('foreign-user')
    expect(JSON.parse(foreign.body).userId).to.not.equal(body.dexcomUserId)
    expect(isSigned(foreign)).to.equal(true)
    expect((await one('huge-body')).body.length).to.be.greaterThan(262_144)
  })

  it('are repeated on 5xx, 429 and no answer, under the same id, and never on 4xx', async () => {
    await push({ retriesMs: [5, 5, 5], retryScale: 1 })
    receiver.answers.push(503, 429, 202)
    await at.sim('POST', 'push/send', { user: 'bob' })
    const attempts = await received(3)
    expect(new Set(attempts.map(({ headers }) => headers['webhook-id'])).size).to.equal(1)
    const statuses = async () =>
      (await at.sim('GET', 'push')).body.attempts.map((one: { status: number; attempt: number }) => [
        one.attempt,
        one.status,
      ])
    await until('the third is noted', async () => (await statuses()).length === 3)
    expect(await statuses()).to.deep.equal([
      [1, 503],
      [2, 429],
      [3, 202],
    ])
    receiver.answers.push(401)
    await at.sim('POST', 'push/send', { user: 'bob' })
    await receiver.stop()
    await at.sim('POST', 'push/send', { user: 'bob' })
    await until('an absent receiver is tried four times', async () => (await statuses()).length === 8)
    expect((await statuses()).slice(3)).to.deep.equal([
      [1, 401],
      [1, null],
      [2, null],
      [3, null],
      [4, null],
    ])
  })

  it('wait as told, and end', async () => {
    await push({ delayMs: 80 })
    const startedMs = performance.now()
    expect(await sent()).to.have.lengthOf(1)
    expect(performance.now() - startedMs).to.be.at.least(79)
    await at.sim('DELETE', 'push')
    at.simulator.clock.advance(TEN_MINUTES_MS)
    expect((await at.sim('POST', 'push/send', { user: 'bob' })).status).to.equal(404)
    expect((await at.sim('GET', 'push')).body.push).to.equal(null)
  })

  it("have an issuer that gives a token to Dexcom's sender", async () => {
    await push()
    const ask = (form: Record<string, string>) =>
      fetch(`${at.simulator.baseUrl}/__sim/issuer/token`, { method: 'POST', body: new URLSearchParams(form) })
    const { access_token, token_type } = (await (
      await ask({ grant_type: 'client_credentials', client_id: 'relay', client_secret: 'x' })
    ).json()) as { access_token: string; token_type: string }
    expect(token_type).to.equal('Bearer')
    const delivery = { path: '', body: '', headers: { authorization: `Bearer ${access_token}` } }
    expect(await verified(delivery, jwks())).to.deep.equal(['relay', 'bg:webhook'])
    expect((await ask({ grant_type: 'password' })).status).to.equal(400)
    expect((await ask({ grant_type: 'client_credentials' })).status).to.equal(401)
  })
})
