import type { Violation } from '@bg-ingest/dexcom-simulator'
import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { START_MS, type Tokens, type Visitor, visitSimulator } from '../support/simulator-visitor.ts'

/** A client that misbehaves in one way at a time: each must be seen, and nothing else. */
describe("dexcom simulator: a client's manners", () => {
  let at: Visitor
  let bob: Tokens
  beforeEach(async () => {
    at = await visitSimulator()
    bob = await at.connect('bob')
  })
  afterEach(() => at.simulator.stop())

  const violations = async (query = ''): Promise<[string, string | null, number][]> => {
    const { body } = await at.sim('GET', `manners${query}`)
    expect(body.violations).to.deep.equal(query === '' ? at.simulator.mannersViolations() : body.violations)
    return body.violations.map(({ rule, user, seen }: Violation) => [rule, user, seen])
  }
  const slowly = (endpoint: string) =>
    at.sim('POST', 'faults', { endpoint, count: 2, action: { kind: 'latency', fixedMs: 100 } })
  const day = () => at.page('egvs', bob.access_token, START_MS - DAY_MS, START_MS)

  it('are without fault where each token is used once, each call alone, each window well-formed', async () => {
    await day()
    const { access_token: token } = (await (await at.refresh(bob.refresh_token)).json()) as Tokens
    await at.page('egvs', token, START_MS - 30 * DAY_MS, START_MS)
    expect(await violations()).to.deep.equal([])
  })

  it('tell data calls of one person side by side, not of two', async () => {
    const ada = await at.connect('ada')
    await slowly('devices')
    await Promise.all([at.get('devices', bob.access_token), at.get('devices', ada.access_token)])
    expect(await violations()).to.deep.equal([])
    await slowly('devices')
    await Promise.all([at.get('devices', bob.access_token), at.get('devices', bob.access_token)])
    expect(await violations()).to.deep.equal([['concurrentData', 'bob', 2]])
  })

  it('tell refreshes side by side, and each presentation of a spent token', async () => {
    await slowly('token')
    await Promise.all([at.refresh(bob.refresh_token), at.refresh(bob.refresh_token)])
    await at.refresh(bob.refresh_token)
    expect(await violations()).to.deep.equal([
      ['concurrentRefreshes', 'bob', 2],
      ['presentationsOfAToken', 'bob', 3],
    ])
    expect(await violations('?concurrentRefreshes=2&presentationsOfAToken=3')).to.deep.equal([])
  })

  it('tell windows beyond 30 days and dates that are none', async () => {
    await at.get('egvs?startDate=2026-10-01T00:00:00&endDate=2026-11-01T00:00:00', bob.access_token)
    await at.get('events?startDate=2026-10-01T00:00:00Z&endDate=2026-10-02T00:00:00Z', bob.access_token)
    await at.get('alerts?startDate=2026-10-01', bob.access_token)
    expect(await violations()).to.deep.equal([
      ['windowLength', null, 1],
      ['dateFormat', null, 2],
    ])
  })

  it('tell calls for a person whose grant is gone, until there is another one', async () => {
    await at.sim('POST', 'revoke', { user: 'bob' })
    await at.get('devices', bob.access_token)
    await at.refresh(bob.refresh_token)
    expect(await violations()).to.deep.equal([])
    await at.get('devices', bob.access_token)
    expect(await violations()).to.deep.equal([['callsAfterInvalidGrant', 'bob', 1]])
    bob = await at.connect('bob')
    await day()
    expect(await violations()).to.deep.equal([['callsAfterInvalidGrant', 'bob', 1]])
  })

  it('take an invalid_grant that Dexcom made up for a real one, but not the loss of a race', async () => {
    const next = (await (await at.refresh(bob.refresh_token)).json()) as Tokens
    await at.refresh(bob.refresh_token)
    await at.get('devices', next.access_token)
    expect(await violations('?presentationsOfAToken=2')).to.deep.equal([])
    const action = { kind: 'token-error', error: 'invalid_grant' }
    await at.sim('POST', 'faults', { endpoint: 'token', count: 1, action })
    await at.refresh(next.refresh_token)
    await at.get('devices', next.access_token)
    expect(await violations('?presentationsOfAToken=2')).to.deep.equal([['callsAfterInvalidGrant', 'bob', 1]])
  })

  it('tell the most calls of an application within a span', async () => {
    await at.sim('POST', 'manners', { slidingWindowMs: 60_000 })
    for (let i = 0; i < 5; i++) await at.get('devices', bob.access_token)
    expect(await violations('?callsPerWindow=5')).to.deep.equal([])
    expect(await violations('?callsPerWindow=4')).to.deep.equal([['callsPerWindow', null, 5]])
    expect((await at.sim('GET', 'manners')).body).to.include({ slidingWindowMs: 60_000, mostCallsInWindow: 5 })
    expect((await at.sim('GET', 'manners?rule=1')).status).to.equal(400)
  })
})
