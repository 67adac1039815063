import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { errorOf, START_MS, type Tokens, type Visitor, visitSimulator } from '../support/simulator-visitor.ts'

describe('dexcom simulator: side door', () => {
  let at: Visitor
  beforeEach(async () => {
    at = await visitSimulator()
  })
  afterEach(() => at.simulator.stop())

  it('keeps a journal of requests and of manners, and forgets them when told', async () => {
    const tokens = await at.connect('bob')
    await at.page('egvs', tokens.access_token, START_MS - 2 * DAY_MS, START_MS)
    await at.refresh(tokens.refresh_token)
    await at.refresh(tokens.refresh_token)
    await at.get('egvs?startDate=now', tokens.access_token)
    const { entries } = (await at.sim('GET', 'journal')).body
    const brief = entries.map((entry: JournalLine) => [entry.endpoint, entry.user, entry.status, entry.tokenGeneration])
    expect(brief).to.deep.equal([
      ['login', 'bob', 302, null],
      ['token', 'bob', 200, null],
      ['egvs', 'bob', 200, 0],
      ['token', 'bob', 200, 0],
      ['token', 'bob', 400, 0],
      ['egvs', 'bob', 400, 0],
    ])
    expect(entries[2].query).to.deep.equal({ startDate: '2026-11-18T12:00:00', endDate: '2026-11-20T12:00:00' })
    expect(JSON.stringify(entries)).not.to.include(tokens.refresh_token)
    expect((await at.sim('GET', 'journal?endpoint=egvs&after=3')).body.entries).to.have.lengthOf(1)
    expect((await at.sim('GET', 'manners')).body).to.deep.include({
      calls: { login: 1, token: 3, egvs: 2 },
      maxConcurrentData: 1,
      maxConcurrentRefreshes: 1,
      spentRefreshTokens: 1,
      longestWindowSeconds: 172_800,
      malformedDates: 1,
    })
    await at.sim('DELETE', 'journal')
    expect((await at.sim('GET', 'journal')).body.entries).to.deep.equal([])
    expect((await at.sim('GET', 'manners')).body.calls).to.deep.equal({})
  })

  it('sees refreshes of one person that run side by side', async () => {
    const { refresh_token: token } = await at.connect('ada')
    await at.sim('POST', 'faults', { endpoint: 'token', count: 2, delayMs: 150 })
    const statuses = await Promise.all([at.refresh(token), at.refresh(token)])
    expect(statuses.map(({ status }) => status).toSorted()).to.deep.equal([200, 400])
    expect((await at.sim('GET', 'manners')).body.maxConcurrentRefreshes).to.equal(2)
  })

  it('lets an answer be another one, for one person and as often as told', async () => {
    const [ada, bob] = [await at.connect('ada'), await at.connect('bob')]
    const rule = { endpoint: 'devices', user: 'ada', count: 1, status: 429, retryAfter: 7, body: 'slow down' }
    expect((await at.sim('POST', 'faults', rule)).status).to.equal(201)
    expect((await at.get('devices', bob.access_token)).status).to.equal(200)
    const limited = await at.get('devices', ada.access_token)
    expect([limited.status, limited.headers.get('retry-after'), await limited.text()]).to.deep.equal([
      429,
      '7',
      'slow down',
    ])
    expect((await at.get('devices', ada.access_token)).status).to.equal(200)
  })

  it('drops a connection before anything happened, or after a token was rotated', async () => {
    const { refresh_token: token } = await at.connect('ada')
    const outcome = (dropped: Promise<Response>) =>
      dropped.then(
        ({ status }) => status,
        () => 'lost',
      )
    await at.sim('POST', 'faults', { endpoint: 'token', count: 1, dropConnection: 'before' })
    expect(await outcome(at.refresh(token))).to.equal('lost')
    expect((await at.sim('GET', 'manners')).body.spentRefreshTokens).to.equal(0)
    await at.sim('POST', 'faults', { endpoint: 'token', count: 1, dropConnection: 'after' })
    expect(await outcome(at.refresh(token))).to.equal('lost')
    expect(await outcome(at.refresh(token))).to.equal(400)
    expect((await at.sim('GET', 'manners')).body.spentRefreshTokens).to.equal(1)
  })

  it('forgets rules when told', async () => {
    await at.sim('POST', 'faults', { endpoint: 'any', count: 9, status: 500 })
    expect((await at.sim('DELETE', 'faults')).status).to.equal(204)
    expect((await at.get('devices', 'x')).status).to.equal(401)
  })

  it('revokes, and expires access tokens alone', async () => {
    const first = await at.connect('ada')
    expect((await at.sim('POST', 'expire-access-tokens', { user: 'ada' })).body).to.deep.equal({ tokens: 1 })
    expect((await at.get('devices', first.access_token)).status).to.equal(401)
    const second = (await (await at.refresh(first.refresh_token)).json()) as Tokens
    expect((await at.sim('POST', 'revoke', { user: 'ada' })).body).to.deep.equal({ sessions: 1 })
    expect((await at.get('devices', second.access_token)).status).to.equal(401)
    expect(await errorOf(await at.refresh(second.refresh_token))).to.deep.equal([400, '{"error":"invalid_grant"}'])
    expect((await at.sim('POST', 'revoke', { user: 'zoe' })).status).to.equal(404)
  })

  it('takes new accounts, checked, once each', async () => {
    const readings = [{ systemTimeMs: Date.UTC(2025, 0, 1), value: 111 }]
    expect((await at.sim('POST', 'users', { name: 'eve', kind: 'replay', readings })).status).to.equal(201)
    expect((await at.sim('POST', 'users', { name: 'eve', kind: 'replay', readings })).status).to.equal(409)
    expect((await at.sim('POST', 'users', { name: 'fay', kind: 'generated', profile: 'wild' })).status).to.equal(400)
    const { readings: truth } = (await at.sim('GET', 'truth?user=eve')).body
    expect(truth[0]).to.include({ systemTime: '2025-01-01T00:00:00.000Z', value: 111, isNull: false, type: 'cgm' })
    const { users } = (await at.sim('GET', 'users')).body
    expect(users.map(({ name }: { name: string }) => name)).to.deep.equal(['ada', 'bob', 'cy', 'eve'])
  })

  it('truth can be asked for a span', async () => {
    const { readings } = (await at.sim('GET', 'truth?user=bob&from=2026-11-20T05:00:00Z&to=2026-11-20T06:00:00Z')).body
    expect(readings).to.have.lengthOf(12)
    expect((await at.sim('GET', 'truth?user=bob&from=yesterday')).status).to.equal(400)
    expect((await at.sim('GET', 'truth?user=zoe')).status).to.equal(404)
  })

  it('is no part of the public API', async () => {
    expect((await fetch(`${at.simulator.baseUrl}/v3/__sim/users`)).status).to.equal(404)
    expect((await at.sim('GET', 'unknown')).status).to.equal(404)
    expect((await fetch(`${at.simulator.baseUrl}/v3/oauth2/token`)).status).to.equal(405)
  })
})

interface JournalLine {
  readonly endpoint: string
  readonly user: string | null
  readonly status: number | null
  readonly tokenGeneration: number | null
}
