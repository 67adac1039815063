import { createDexcomClient } from '@bg-ingest/dexcom'
import { AppError } from '@bg-ingest/domain'
import { connectUser, importHistory, type Ports } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { useDynamo } from '../support/dynamo.ts'
import { REDIRECT, START_MS, type Visitor, visitSimulator } from '../support/simulator-visitor.ts'
import { expectCode } from '../support/thrown.ts'
import { ended, tokensOf } from '../support/token-world.ts'
import { aWorld, HOUR_MS, LEASE_OVER_MS, type World } from '../support/world.ts'

/** Short enough for a test, long enough for a loaded machine to answer in. */
const QUICK = { connect: 1_000, response: 2_000, request: 3_000 }
const AMBIGUOUS_MS = 30_000
/** An hour and a half of readings that Dexcom shows, so that storing them costs little. */
const PEOPLE = ['ada', 'bob'].map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: 0.1 }) as const)

describe('tokens over HTTP, with the simulator that ends a session over a spent token', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()
  let at: Visitor
  afterEach(() => at.simulator.stop())

  /** A person of this service who is `ada` at Dexcom, reached through the real client. */
  async function connected() {
    at = await visitSimulator({ refreshReuse: 'strict-family', users: PEOPLE })
    const world = aWorld(dynamo)
    world.clock.advance(START_MS - world.clock.now())
    const clientOf = (clientSecret: string) =>
      createDexcomClient({
        regions: [{ name: 'default', baseUrl: at.simulator.baseUrl, clientId: at.simulator.clientId, clientSecret }],
        redirectUri: REDIRECT,
        gates: {
          of: () => ({ schedule: (_priority, _signal, call) => call(), pause: () => undefined, waiting: () => 0 }),
        },
        clock: { now: world.clock.now },
        timeouts: { data: QUICK, token: QUICK },
      })
    const ports: Ports = { ...world.ports, dexcom: clientOf(at.simulator.clientSecret) }
    const sealedCode = await ports.vault.seal(world.userId, 'oauth_code', await at.code('ada'))
    await connectUser(ports, { userId: world.userId, region: 'default', sealedCode }, world.never)
    return { world, ports, clientOf, sync: (as: Ports = ports) => world.sync({}, as) }
  }
  const due = (world: World) => world.clock.advance(2 * HOUR_MS)
  const manners = () => at.simulator.manners()

  it('G9: many runs at once, of three workers, over three lives of a token, present each refresh token once', async () => {
    const { world, ports, sync } = await connected()
    for (let life = 0; life < 3; life += 1) {
      due(world)
      const workers = [1, 2, 3].map(() => ({ ...ports, accounts: world.accountsAt(world.clock.now) }))
      const runs = await Promise.allSettled([...workers, ...workers, ...workers].map((worker) => sync(worker)))
      const lost = runs.flatMap((run) => (run.status === 'rejected' ? [AppError.from(run.reason).code] : []))
      expect(lost.filter((code) => code !== 'lease_taken')).to.deep.equal([])
      expect(lost).to.have.length.below(runs.length)
    }
    expect(await tokensOf(world)).to.include({ version: 4 })
    expect(manners()).to.include({ spentRefreshTokens: 0, maxConcurrentRefreshes: 1, callsAfterInvalidGrant: 0 })
  })

  it('G3, G9: an answer lost behind the rotation costs one more presentation, 30 s later, and then the grant', async () => {
    const { world, sync } = await connected()
    await sync()
    due(world)
    await at.sim('POST', 'faults', { endpoint: 'token', count: 1, dropConnection: 'after' })
    await expectCode(sync(), 'upstream_outcome_unknown')
    world.clock.advance(AMBIGUOUS_MS - 1)
    await expectCode(sync(), 'upstream_outcome_unknown')
    expect(manners().spentRefreshTokens).to.equal(0)
    world.clock.advance(1)
    await expectCode(sync(), 'needs_reauth')
    expect(manners().spentRefreshTokens).to.equal(1)
    for (let i = 0; i < 3; i += 1) {
      world.clock.advance(HOUR_MS)
      await expectCode(sync(), 'needs_reauth')
    }
    expect(manners().callsAfterInvalidGrant).to.equal(0)
    expect(ended(world)).to.deep.equal(['invalid_grant'])
    expect((await world.stored()).size).to.be.above(0)
  })

  it('an answer lost before the rotation costs nothing but the wait', async () => {
    const { world, sync } = await connected()
    due(world)
    await at.sim('POST', 'faults', { endpoint: 'token', count: 1, dropConnection: 'before' })
    await expectCode(sync(), 'upstream_outcome_unknown')
    world.clock.advance(AMBIGUOUS_MS)
    await sync()
    expect(await tokensOf(world)).to.include({ version: 2, presentations: 0 })
    expect(manners().spentRefreshTokens).to.equal(0)
  })

  for (const status of [429, 500, 503])
    it(`G7: ${status} of the token endpoint keeps the refresh token`, async () => {
      const { world, sync } = await connected()
      due(world)
      await at.sim('POST', 'faults', { endpoint: 'token', count: 1, status, body: '<html>' })
      const code = status === 429 ? 'upstream_rate_limited' : 'upstream_unavailable'
      await expectCode(sync(), code)
      expect(await tokensOf(world)).to.include({ version: 1, presentations: 0 })
      await sync()
      expect(await tokensOf(world)).to.include({ version: 2 })
      expect(manners().spentRefreshTokens).to.equal(0)
    })

  it('G8: a wrong client secret unlinks nobody, and the right one goes on', async () => {
    const { world, ports, clientOf, sync } = await connected()
    due(world)
    const wrong = { ...ports, dexcom: clientOf('rotated away') }
    for (let i = 0; i < 3; i += 1) await expectCode(sync(wrong), 'upstream_misconfigured')
    expect(await world.connection()).to.have.property('status', 'connected')
    expect(at.simulator.manners().calls.token).to.equal(2)
    await sync()
    expect(await world.connection()).to.deep.include({ status: 'connected', problem: null })
  })

  it('G12: revoked at Dexcom: one 401, one invalid_grant, one event, and silence', async () => {
    const { world, ports, sync } = await connected()
    await sync()
    await at.sim('POST', 'revoke', { user: 'ada' })
    await at.sim('DELETE', 'journal')
    await expectCode(sync(), 'needs_reauth')
    const history = { retentionDays: 0, stopping: () => false }
    for (let i = 0; i < 3; i += 1) {
      world.clock.advance(LEASE_OVER_MS)
      await expectCode(sync(), 'needs_reauth')
      await expectCode(importHistory(ports, history, world.userId, world.never), 'needs_reauth')
    }
    expect(manners().calls).to.deep.include({ token: 1 })
    expect(manners().callsAfterInvalidGrant).to.equal(0)
    expect(ended(world)).to.deep.equal(['invalid_grant'])
  })

  it('G11: another Dexcom account is refused, and the first one goes on', async () => {
    const { world, ports, sync } = await connected()
    const sealedCode = await ports.vault.seal(world.userId, 'oauth_code', `${await at.code('bob')}#2`)
    const request = { userId: world.userId, region: 'default', sealedCode }
    await expectCode(connectUser(ports, request, world.never), 'wrong_account')
    await sync()
    expect(await world.connection()).to.deep.include({ status: 'connected', problem: null })
  })
})
