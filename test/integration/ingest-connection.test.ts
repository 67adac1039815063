import { AppError, EVENTS, type RoutingKey, toInstant } from '@bg-ingest/domain'
import { disconnectUser, eraseUser, publishChanges } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { aMeasurement } from '../support/build.ts'
import { consume, expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { aMortal } from '../support/mortal.ts'
import { expectCode } from '../support/thrown.ts'
import { aWorld, LEASE_OVER_MS, type World } from '../support/world.ts'

describe('connecting, disconnecting and erasing a person, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()
  const told = ({ publisher }: World, key: RoutingKey) => publisher.ofKind(key).length
  const disconnect = (world: World, ports = world.ports) => disconnectUser(ports, world.userId, world.never)
  const erase = (world: World, ports = world.ports) => eraseUser(ports, world.userId, world.never)
  const publish = (world: World) => publishChanges(world.ports, world.userId, world.never)

  async function withReadings(count = 3) {
    const world = aWorld(dynamo)
    await world.connect()
    world.dexcom.add(
      ...Array.from({ length: count }, (_, i) =>
        aMeasurement({ timestamp: toInstant(world.clock.now() - (i + 1) * 60_000) }),
      ),
    )
    await world.sync()
    return world
  }

  describe('connecting', () => {
    it('keeps the tokens sealed, plans the history and tells it once', async () => {
      const world = aWorld(dynamo)
      const connection = await world.connect()
      expect(await world.connection()).to.deep.equal(connection)
      expect(connection).to.deep.include({
        status: 'connected',
        dexcomUserId: 'dexcom-account',
        notices: [],
        problem: null,
      })
      expect(connection.tokens?.access).to.equal(`${world.userId}|access_token|access-1`)
      expect((await world.state()).history.state).to.equal('running')
      await world.sync()
      await publish(world)
      expect(told(world, 'connection.connected')).to.equal(1)
      for (const { data } of world.publisher.ofKind('connection.connected'))
        expect(EVENTS['connection.connected'].data.safeParse(data).success).to.equal(true)
    })

    it('tells it later, once, where the broker is away', async () => {
      const world = aWorld(dynamo)
      world.publisher.accept(0)
      await world.connect()
      expect((await publish(world)).pending).to.equal(true)
      world.publisher.accept(1e6)
      expect((await publish(world)).pending).to.equal(false)
      await world.sync()
      expect(told(world, 'connection.connected')).to.equal(1)
    })

    it('leaves the old connection as it was where the exchange fails', async () => {
      const world = await withReadings()
      const before = await world.connection()
      await expectCode(world.connect('bad-code'), 'authorization_failed')
      world.dexcom.failNext('exchangeCode', new AppError('upstream_unavailable', '503'))
      await expectCode(world.connect(), 'upstream_unavailable')
      expect(await world.connection()).to.deep.equal(before)
      expect(told(world, 'connection.connected')).to.equal(1)
      await world.sync()
      await expectConverged(world)
    })

    it('leaves the old connection as it was where the account is another', async () => {
      const world = await withReadings()
      const before = await world.connection()
      world.dexcom.belongTo('somebody else')
      await expectCode(world.connect(), 'wrong_account')
      expect(await world.connection()).to.deep.equal(before)
    })

    it('again with the same account stores nothing twice and numbers on', async () => {
      const world = await withReadings()
      await world.connect()
      expect(told(world, 'connection.connected')).to.equal(2)
      expect((await world.sync()).result).to.include({ stored: 0, unchanged: 3 })
      await expectConverged(world)
      expect((await world.connection())?.tokens?.version).to.equal(2)
    })

    it('cut off behind its one write still leads to a history and to one event', async () => {
      const world = aWorld(dynamo)
      const mortal = aMortal()
      const { createConnection } = world.accounts
      const cut = {
        ...world.portsOf(mortal),
        accounts: mortal.guard({
          ...world.accounts,
          createConnection: async (...args: Parameters<typeof createConnection>) => {
            await createConnection(...args)
            mortal.die()
          },
        }),
      }
      await world.connect('good-code', cut).catch(() => undefined)
      world.clock.advance(LEASE_OVER_MS)
      expect(await world.sync()).to.have.property('historyOpen', true)
      expect(told(world, 'connection.connected')).to.equal(1)
    })

    it('presents a code once, though its job is delivered twice: behind the one write it is settled', async () => {
      const world = aWorld(dynamo)
      const first = await world.connect('good-code', world.ports, 7)
      const again = await world.connect('good-code', world.ports, 7)
      expect(again).to.deep.equal(first)
      expect(world.dexcom.count('exchangeCode')).to.equal(1)
      expect(told(world, 'connection.connected')).to.equal(1)
      await disconnect(world)
      await expectCode(world.connect('good-code', world.ports, 7), 'authorization_failed')
      expect(world.dexcom.count('exchangeCode')).to.equal(1)
    })

    it('is tried to be saved while DynamoDB is away', async () => {
      const world = aWorld(dynamo)
      let refusals = 20
      const createConnection: World['accounts']['createConnection'] = (...args) => {
        refusals -= 1
        return refusals >= 0 ? Promise.reject(new Error('away')) : world.accounts.createConnection(...args)
      }
      await world.connect('good-code', { ...world.ports, accounts: { ...world.accounts, createConnection } })
      expect(await world.connection()).to.have.property('status', 'connected')
      expect(world.dexcom.count('exchangeCode')).to.equal(1)
    })

    it('G10: while a sync runs waits for it, and its grant wins', async () => {
      const world = await withReadings()
      world.dexcom.beforeNext('fetchReadings', async () => {
        await expectCode(world.connect(), 'lease_taken')
      })
      await world.sync()
      await world.connect()
      expect((await world.connection())?.tokens?.access).to.equal(`${world.userId}|access_token|access-2`)
      await world.sync()
      await expectConverged(world)
    })

    it('G10: over a refresh that hangs keeps its own grant, whenever the late one comes', async () => {
      const world = await withReadings()
      world.clock.advance(2 * 3_600_000)
      world.dexcom.beforeNext('refresh', async () => {
        world.clock.advance(LEASE_OVER_MS)
        await world.connect()
      })
      await expectCode(world.sync(), 'lease_lost')
      // The scripted Dexcom numbers its grants: 2 went to the connect, 3 came late to the refresh.
      expect((await world.connection())?.tokens?.refresh).to.equal(`${world.userId}|refresh_token|refresh-2`)
      await world.sync()
      await expectConverged(world)
    })

    it('gives way to a run that holds the person, and spends no code', async () => {
      const world = aWorld(dynamo)
      await world.accounts.takeLease(world.userId, 'other', { ttlMs: 15_000, revive: false })
      await expectCode(world.connect(), 'lease_taken')
      expect(world.dexcom.asked).to.have.length(0)
    })
  })

  describe('disconnecting', () => {
    it('forgets the tokens, keeps the readings, tells it once', async () => {
      const world = await withReadings()
      await disconnect(world)
      await disconnect(world)
      expect(await world.connection()).to.deep.include({ status: 'disconnected', tokens: null, notices: [] })
      expect(await world.stored()).to.have.property('size', 3)
      expect(told(world, 'connection.disconnected')).to.equal(1)
      await expectCode(world.sync(), 'not_connected')
    })

    it('tells first what still waits', async () => {
      const world = aWorld(dynamo)
      await world.connect()
      world.publisher.accept(0)
      world.dexcom.add(aMeasurement({ timestamp: toInstant(world.clock.now() - 60_000) }))
      await world.sync()
      world.publisher.accept(1e6)
      await disconnect(world)
      await expectConverged(world)
      expect(world.publisher.taken.map(({ routingKey }) => routingKey)).to.deep.equal([
        'connection.connected',
        'readings.changed',
        'connection.disconnected',
      ])
    })

    it('of a person never connected does nothing', async () => {
      const world = aWorld(dynamo)
      await disconnect(world)
      expect(await world.connection()).to.equal(null)
      expect(world.publisher.taken).to.deep.equal([])
    })

    it('with the broker away keeps the news until somebody publishes', async () => {
      const world = await withReadings()
      world.publisher.accept(0)
      await disconnect(world)
      world.publisher.accept(1e6)
      await publish(world)
      expect(told(world, 'connection.disconnected')).to.equal(1)
    })
  })

  describe('erasing', () => {
    it('leaves nothing but a tombstone, and tells it', async () => {
      const world = await withReadings(60)
      expect(await erase(world)).to.include({ readings: 60, told: true })
      expect(await world.stored()).to.have.property('size', 0)
      expect(await world.connection()).to.equal(null)
      expect(await world.accounts.rangesAfter(world.userId, 0, 10)).to.deep.equal([])
      expect(await world.state()).to.deep.include({ committedSequence: 0, newestAt: null, lastSuccessAt: null })
      expect(told(world, 'user.erased')).to.equal(1)
      await expectCode(world.sync(), 'not_connected')
    })

    it('can be repeated, from wherever it was cut off', async () => {
      const scout = await withReadings()
      const alive = aMortal()
      await erase(scout, scout.portsOf(alive))
      for (let call = 1; call <= alive.calls; call += 1) {
        const world = await withReadings()
        const mortal = aMortal()
        mortal.dieAround(call, 'after')
        await erase(world, world.portsOf(mortal)).catch(() => undefined)
        world.clock.advance(LEASE_OVER_MS)
        await erase(world)
        expect(await world.stored(), `call ${call}`).to.have.property('size', 0)
        expect(await world.connection()).to.equal(null)
        expect(new Set(world.publisher.ofKind('user.erased').map(({ id }) => id)).size).to.equal(1)
      }
    })

    it('does not wait for the broker, and is told once it takes the news', async () => {
      const world = await withReadings()
      world.publisher.accept(0)
      expect(await erase(world)).to.include({ told: false })
      expect(await world.stored()).to.have.property('size', 0)
      world.publisher.accept(1e6)
      await erase(world)
      await erase(world)
      expect(told(world, 'user.erased')).to.equal(1)
    })

    it('is not undone by a refresh that was on its way', async () => {
      const world = await withReadings()
      world.clock.advance(2 * 3_600_000)
      world.dexcom.beforeNext('refresh', async () => {
        world.clock.advance(LEASE_OVER_MS)
        await erase(world)
      })
      await expectCode(world.sync(), 'lease_lost')
      expect(await world.connection()).to.equal(null)
      expect(await world.stored()).to.have.property('size', 0)
    })

    it('is not undone by a connect that was on its way', async () => {
      const world = await withReadings()
      world.dexcom.beforeNext('exchangeCode', async () => {
        world.clock.advance(LEASE_OVER_MS)
        await erase(world)
      })
      await expectCode(world.connect(), 'lease_lost')
      expect(await world.connection()).to.equal(null)
    })

    it('lets the person come back: from sequence 1 on, with events that were not seen before', async () => {
      const world = await withReadings()
      const before = world.publisher.ofKind('readings.changed').map(({ id }) => id)
      await erase(world)
      const count = world.publisher.taken.length
      world.clock.advance(60_000)
      await world.connect()
      await world.sync()
      const after = world.publisher.ofKind('readings.changed').slice(before.length)
      expect(after.map(({ data }) => [data.fromSequence, data.toSequence])).to.deep.equal([[1, 3]])
      expect(before).not.to.include(after[0]?.id)
      world.publisher.taken.splice(0, count)
      await expectConverged(world)
      expect(consume(world).through).to.equal(3)
    })
  })
})
