import { AppError, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aMeasurement } from '../support/build.ts'
import { expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { expectCode } from '../support/thrown.ts'
import { aWorld, HOUR_MS, LEASE_OVER_MS, type World } from '../support/world.ts'

/** The access tokens of these tests live two hours and are renewed up to 15 minutes before. */
const DUE_MS = 2 * HOUR_MS

describe('the tokens of a person, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()

  async function connected() {
    const world = aWorld(dynamo)
    await world.connect()
    world.dexcom.add(aMeasurement({ timestamp: toInstant(world.clock.now() - 1_000) }))
    return world
  }
  const due = async () => {
    const world = await connected()
    world.clock.advance(DUE_MS)
    return world
  }
  const presented = ({ dexcom }: World) =>
    dexcom.asked.filter(({ method }) => method === 'refresh').map((call) => call.presented)
  const notices = ({ publisher }: World) => publisher.ofKind('connection.needs_reauth').map(({ data }) => data.reason)
  const tokens = async (world: World) => (await world.connection())?.tokens ?? expect.fail('no tokens')

  it('are left alone while they are fresh', async () => {
    const world = await connected()
    await world.sync()
    world.clock.advance(HOUR_MS)
    await world.sync()
    expect(presented(world)).to.deep.equal([])
  })

  it('are renewed when due, once, and stored before they are used', async () => {
    const world = await due()
    const seen: (string | undefined)[] = []
    world.dexcom.beforeNext('fetchReadings', async () => {
      seen.push((await tokens(world)).refresh)
    })
    await world.sync()
    expect(presented(world)).to.deep.equal(['refresh-1'])
    expect(seen).to.deep.equal([`${world.userId}|refresh_token|refresh-2`])
    expect(await tokens(world)).to.include({ version: 2, presentations: 0, presentedAt: null })
    expect(world.counted.get('token refreshed')).to.equal(1)
    await expectConverged(world)
  })

  it('are announced in the store before they are presented', async () => {
    const world = await due()
    const seen: unknown[] = []
    world.dexcom.beforeNext('refresh', async () => {
      const { presentations, presentedAt, version } = await tokens(world)
      seen.push({ presentations, presentedAt, version })
    })
    await world.sync()
    expect(seen).to.deep.equal([{ presentations: 1, presentedAt: toInstant(world.clock.now()), version: 1 }])
  })

  it('are not presented where that cannot be stored', async () => {
    const world = await due()
    const failing = { ...world.accounts, putConnection: () => Promise.reject(new Error('DynamoDB is away')) }
    await world.sync({}, { ...world.ports, accounts: failing }).catch(() => undefined)
    expect(presented(world)).to.deep.equal([])
    await world.sync()
    await expectConverged(world)
  })

  it('are tried to be saved while DynamoDB is away, and not presented again', async () => {
    const world = await due()
    let refusals = 20
    const shaky: World['accounts'] = {
      ...world.accounts,
      putConnection: (connection, ...rest) => {
        if (connection.tokens?.version === 2 && refusals > 0) {
          refusals -= 1
          return Promise.reject(new Error('DynamoDB is away'))
        }
        return world.accounts.putConnection(connection, ...rest)
      },
    }
    await world.sync({}, { ...world.ports, accounts: shaky })
    expect(refusals).to.equal(0)
    expect(presented(world)).to.deep.equal(['refresh-1'])
    expect(await tokens(world)).to.have.property('version', 2)
  })

  describe('refused with 401', () => {
    it('are renewed once, and the call repeated once', async () => {
      const world = await connected()
      world.dexcom.expireAccess()
      await world.sync()
      expect(presented(world)).to.deep.equal(['refresh-1'])
      expect(world.dexcom.asked.filter(({ type }) => type === 'cgm')).to.have.length(2)
      await expectConverged(world)
    })

    it('again after that, give up for this run', async () => {
      const world = await connected()
      for (let i = 0; i < 5; i += 1)
        world.dexcom.failNext('fetchReadings', new AppError('upstream_unauthorized', 'still not'))
      await expectCode(world.sync(), 'upstream_unauthorized')
      expect(presented(world)).to.have.length(1)
      expect(world.dexcom.count('fetchReadings')).to.equal(2)
      expect(await world.connection()).to.have.property('status', 'connected')
    })
  })

  describe('refused for good (invalid_grant)', () => {
    it('are forgotten, told once, and never presented again', async () => {
      const world = await due()
      world.dexcom.revoke()
      await expectCode(world.sync(), 'needs_reauth')
      expect(await world.connection()).to.deep.include({ status: 'needs_reauth', tokens: null, notices: [] })
      expect((await world.connection())?.problem).to.have.property('code', 'needs_reauth')
      expect(notices(world)).to.deep.equal(['invalid_grant'])
      const asked = world.dexcom.asked.length
      for (const trigger of ['poll', 'manual', 'webhook'] as const) {
        world.clock.advance(HOUR_MS)
        await expectCode(world.sync({ trigger }), 'needs_reauth')
      }
      expect(world.dexcom.asked).to.have.length(asked)
      expect(notices(world)).to.have.length(1)
    })

    it('leave everything stored where it is, and come back with a new connection', async () => {
      const world = await connected()
      await world.sync()
      world.clock.advance(DUE_MS)
      world.dexcom.revoke()
      await expectCode(world.sync(), 'needs_reauth')
      await world.connect()
      world.dexcom.add(aMeasurement({ timestamp: toInstant(world.clock.now() - 1_000) }))
      await world.sync()
      await expectConverged(world)
    })
  })

  for (const code of ['upstream_unavailable', 'upstream_rate_limited', 'upstream_rejected'] as const)
    it(`are as good as before after ${code}`, async () => {
      const world = await due()
      const before = await world.connection()
      world.dexcom.failNext('refresh', new AppError(code, 'no'))
      await expectCode(world.sync(), code)
      expect(await world.connection()).to.deep.equal(before)
      await world.sync()
      expect(presented(world)).to.deep.equal(['refresh-1', 'refresh-1'])
      await expectConverged(world)
    })

  it('saved late by a run that lost its lease count, where nobody wrote since', async () => {
    const world = await due()
    world.dexcom.beforeNext('refresh', () => world.clock.advance(LEASE_OVER_MS))
    await expectCode(world.sync(), 'lease_lost')
    expect(await tokens(world)).to.have.property('version', 2)
    await world.sync()
    expect(presented(world)).to.have.length(1)
    await expectConverged(world)
  })
})
