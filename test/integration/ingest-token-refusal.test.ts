import { AppError } from '@bg-ingest/domain'
import { importHistory, type Ports } from '@bg-ingest/ingest'
import { createVault } from '@bg-ingest/security'
import { expect } from 'chai'
import { expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { expectCode } from '../support/thrown.ts'
import { connectedWorld, dueWorld, ended, presented, tokensOf } from '../support/token-world.ts'
import { aWorld, HOUR_MS, type World } from '../support/world.ts'

const MINUTE_MS = 60_000

describe('what Dexcom or the keys refuse, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()
  const problemOf = async (world: World) => (await world.connection())?.problem?.code ?? null
  const refuseData = ({ dexcom }: World, calls: number) => {
    for (let i = 0; i < calls; i += 1) dexcom.failNext('fetchReadings', new AppError('upstream_unauthorized', '401'))
  }

  describe('F1: 401 on a fresh token', () => {
    const PAUSES_MS = [15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS]

    it('is tried again after 15 min, 1 h, 4 h and 12 h, without a call in between, and then ends the connection', async () => {
      const world = await connectedWorld(dynamo)
      for (const pauseMs of PAUSES_MS) {
        refuseData(world, 2)
        const refused = await expectCode(world.sync(), 'upstream_unauthorized')
        expect(refused.retryAfterMs).to.equal(15 * MINUTE_MS)
        expect(await problemOf(world)).to.equal('unauthorized')
        const asked = world.dexcom.asked.length
        world.clock.advance(pauseMs - 1)
        for (const trigger of ['poll', 'manual', 'webhook'] as const)
          expect((await expectCode(world.sync({ trigger }), 'upstream_unauthorized')).retryAfterMs).to.equal(1)
        expect(world.dexcom.asked).to.have.length(asked)
        world.clock.advance(1)
      }
      refuseData(world, 2)
      await expectCode(world.sync(), 'needs_reauth')
      expect(ended(world)).to.deep.equal(['unauthorized'])
      expect(await world.connection()).to.deep.include({ status: 'needs_reauth', tokens: null, refusals: null })
      expect(world.dexcom.count('fetchReadings')).to.be.at.most(10)
      expect(world.counted.get('problem unauthorized')).to.equal(1)
    })

    it('is forgotten with the first success, so that the next one begins anew', async () => {
      const world = await connectedWorld(dynamo)
      for (const pauseMs of PAUSES_MS.slice(0, 2)) {
        refuseData(world, 2)
        await expectCode(world.sync(), 'upstream_unauthorized')
        world.clock.advance(pauseMs)
      }
      await world.sync()
      expect(await world.connection()).to.deep.include({ refusals: null, problem: null })
      refuseData(world, 2)
      await expectCode(world.sync(), 'upstream_unauthorized')
      expect((await world.connection())?.refusals?.count).to.equal(1)
    })

    it('costs no second refresh where the token was renewed for this very call', async () => {
      const world = await dueWorld(dynamo)
      refuseData(world, 1)
      await expectCode(world.sync(), 'upstream_unauthorized')
      expect(presented(world)).to.have.length(1)
      expect(world.dexcom.count('fetchReadings')).to.equal(1)
    })

    it('is forgotten with a new connection', async () => {
      const world = await connectedWorld(dynamo)
      refuseData(world, 2)
      await expectCode(world.sync(), 'upstream_unauthorized')
      await world.connect()
      await world.sync()
      await expectConverged(world)
    })
  })

  it('F2: 403 on sensor readings is told, costs no refresh, and is gone with the next success', async () => {
    const world = await connectedWorld(dynamo)
    world.dexcom.failNext('fetchReadings', new AppError('upstream_not_offered', '403'))
    await expectCode(world.sync(), 'upstream_not_offered')
    expect(await problemOf(world)).to.equal('consent_missing')
    expect(await world.connection()).to.have.property('status', 'connected')
    expect(presented(world)).to.deep.equal([])
    await world.sync()
    expect(await problemOf(world)).to.equal(null)
  })

  it('F2: 403 on fingersticks and calibrations is no problem at all', async () => {
    const world = await connectedWorld(dynamo)
    world.dexcom.doNotOffer('manual')
    world.dexcom.doNotOffer('calibration')
    await world.sync({ trigger: 'manual' })
    expect(world.counted.get('problem consent_missing')).to.equal(undefined)
    await expectConverged(world)
  })

  it('F20: a page of another account is refused whole, told and counted', async () => {
    const world = await connectedWorld(dynamo)
    world.dexcom.belongTo('somebody else')
    await expectCode(world.sync(), 'wrong_account')
    expect(await problemOf(world)).to.equal('wrong_account')
    expect(world.counted.get('problem wrong_account')).to.equal(1)
    expect(await world.stored()).to.have.property('size', 0)
    await expectCode(world.sync(), 'wrong_account')
    expect(world.counted.get('problem wrong_account')).to.equal(1)
  })

  it('G8: refusing our application unlinks nobody; it is told until a refresh succeeds', async () => {
    const world = await dueWorld(dynamo)
    const { tokens } = (await world.connection()) ?? {}
    for (let i = 0; i < 3; i += 1) {
      world.dexcom.failNext('refresh', new AppError('upstream_misconfigured', 'invalid_client'))
      await expectCode(world.sync(), 'upstream_misconfigured')
      expect(await world.connection()).to.deep.include({ status: 'connected', tokens })
      expect(await problemOf(world)).to.equal('upstream_misconfigured')
    }
    expect(world.counted.get('token misconfigured')).to.equal(3)
    expect(world.counted.get('problem upstream_misconfigured')).to.equal(1)
    expect(ended(world)).to.deep.equal([])
    await world.sync()
    expect(await problemOf(world)).to.equal(null)
    await expectConverged(world)
  })

  it('G12: after a revocation at Dexcom 401 and invalid_grant end it: one event, no further call, history stays', async () => {
    const world = await connectedWorld(dynamo)
    await world.sync()
    world.dexcom.expireAccess()
    world.dexcom.revoke()
    await expectCode(world.sync(), 'needs_reauth')
    const asked = world.dexcom.asked.length
    const history = { retentionDays: 0, stopping: () => false }
    for (const trigger of ['poll', 'manual', 'webhook', 'history'] as const)
      await expectCode(world.sync({ trigger }), 'needs_reauth')
    const range = { from: '2026-11-19T00:00:00.000Z', to: '2026-11-20T00:00:00.000Z' } as never
    await expectCode(world.sync({ trigger: 'manual', range }), 'needs_reauth')
    await expectCode(importHistory(world.ports, history, world.userId, world.never), 'needs_reauth')
    expect(world.dexcom.asked).to.have.length(asked)
    expect(ended(world)).to.deep.equal(['invalid_grant'])
    expect(await world.stored()).to.have.property('size', 1)
  })

  describe('G17, I20: tokens at rest', () => {
    const key = (id: string, fill: number) => ({ id, key: new Uint8Array(32).fill(fill) })
    const [K1, K2] = [key('k1', 1), key('k2', 2)]
    const withKeys = (world: World, ...keys: readonly (typeof K1)[]): Ports => ({
      ...world.ports,
      vault: createVault(keys),
    })

    /** A person whose tokens are sealed for real. The code is handed over as the world seals it. */
    async function sealedWorld(...keys: readonly (typeof K1)[]) {
      const world = aWorld(dynamo)
      const { seal } = createVault(keys)
      await world.connect('good-code', { ...world.ports, vault: { ...world.ports.vault, seal } })
      return world
    }

    it('without their key: a problem, no call, nobody unlinked; and back with the key', async () => {
      const world = await sealedWorld(K1)
      const asked = world.dexcom.asked.length
      for (const passedMs of [0, 3 * HOUR_MS]) {
        world.clock.advance(passedMs)
        await expectCode(world.sync({}, withKeys(world, K2)), 'token_unreadable')
        expect(await problemOf(world)).to.equal('key_missing')
      }
      expect(world.dexcom.asked).to.have.length(asked)
      expect(await world.connection()).to.have.property('status', 'connected')
      expect(ended(world)).to.deep.equal([])
      await world.sync({}, withKeys(world, K2, K1))
      expect(await problemOf(world)).to.equal(null)
    })

    it('are sealed with the first key at the next refresh, so that the old one can go', async () => {
      const world = await sealedWorld(K1)
      await world.sync({}, withKeys(world, K2, K1))
      await expectCode(world.sync({}, withKeys(world, K2)), 'token_unreadable')
      world.clock.advance(2 * HOUR_MS)
      await world.sync({}, withKeys(world, K2, K1))
      await world.sync({}, withKeys(world, K2))
      expect(await problemOf(world)).to.equal(null)
    })

    it('exchanged between two people open for neither: no call with a wrong token', async () => {
      const [ada, bob] = [await sealedWorld(K1), await sealedWorld(K1)]
      const [of, other] = [await tokensOf(ada), await tokensOf(bob)]
      const connection = (await ada.connection()) ?? expect.fail('not connected')
      await ada.accounts.putConnection(
        { ...connection, tokens: { ...of, access: other.access, refresh: other.refresh } },
        { id: 'thief', fence: 99 },
      )
      for (const passedMs of [0, 3 * HOUR_MS]) {
        ada.clock.advance(passedMs)
        const asked = ada.dexcom.asked.length
        await expectCode(ada.sync({}, withKeys(ada, K1)), 'token_unreadable')
        expect(ada.dexcom.asked).to.have.length(asked)
      }
      expect(ada.counted.get('token refreshed')).to.equal(undefined)
    })

    it('show nothing of a token', async () => {
      const world = await sealedWorld(K1)
      const { access, refresh } = await tokensOf(world)
      const bytes = Buffer.concat([access, refresh].map((sealed) => Buffer.from(sealed, 'base64'))).toString('latin1')
      expect(bytes).not.to.contain('access-1')
      expect(bytes).not.to.contain('refresh-1')
    })
  })
})
