import { createUnbroken, type Ports } from '@bg-ingest/ingest'
import { createAccountWriter } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { injectFaults } from '../support/dynamo-faults.ts'
import { expectCode } from '../support/thrown.ts'
import { connectedWorld, dueWorld, ended, NEARLY_MS, presented, tokensOf } from '../support/token-world.ts'
import { createGate, until } from '../support/until.ts'
import { LEASE_OVER_MS, type World } from '../support/world.ts'

/** A use whose end nobody noted counts as running for so long. */
const IN_FLIGHT_MS = 110_000

describe('two workers and one grant, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()

  /** Ports whose next write of new tokens first lets something else happen. */
  const beforeSaving = (world: World, happen: () => Promise<void>, version = 2): Ports => {
    let pending: (() => Promise<void>) | null = happen
    const putConnection: Ports['accounts']['putConnection'] = async (connection, lease, before) => {
      const run = connection.tokens?.version === version ? pending : null
      if (run) pending = null
      await run?.()
      return world.accounts.putConnection(connection, lease, before)
    }
    return { ...world.ports, accounts: { ...world.accounts, putConnection } }
  }

  it('a grant is saved behind a newer fence that has written, and what that wrote stays', async () => {
    const world = await dueWorld(dynamo, NEARLY_MS)
    const late = beforeSaving(world, async () => {
      world.clock.advance(LEASE_OVER_MS)
      // Another run, which uses the old access token meanwhile, is refused and notes it.
      world.dexcom.belongTo('somebody else')
      await expectCode(world.sync(), 'wrong_account')
      world.dexcom.belongTo('dexcom-account')
    })
    await expectCode(world.sync({}, late), 'lease_lost')
    expect(await tokensOf(world)).to.include({ version: 2, presentations: 0 })
    expect((await world.connection())?.problem).to.have.property('code', 'wrong_account')
    expect(presented(world)).to.deep.equal(['refresh-1'])
    await world.sync()
    expect(presented(world)).to.have.length(1)
    await expectConverged(world)
  })

  it('a grant on its way makes the newer run wait, and is there for it afterwards', async () => {
    const world = await dueWorld(dynamo)
    const late = beforeSaving(world, async () => {
      world.clock.advance(LEASE_OVER_MS)
      await expectCode(world.sync(), 'upstream_outcome_unknown')
      world.clock.advance(IN_FLIGHT_MS - LEASE_OVER_MS - 1)
      await expectCode(world.sync(), 'upstream_outcome_unknown')
    })
    await expectCode(world.sync({}, late), 'lease_lost')
    expect(presented(world)).to.deep.equal(['refresh-1'])
    await world.sync()
    await expectConverged(world)
    expect(ended(world)).to.deep.equal([])
  })

  it('refused because another run was faster: its grant is used, nobody is unlinked', async () => {
    const world = await dueWorld(dynamo)
    world.dexcom.beforeNext('refresh', async () => {
      world.clock.advance(IN_FLIGHT_MS)
      await world.sync()
    })
    await expectCode(world.sync(), 'lease_lost')
    expect(presented(world)).to.deep.equal(['refresh-1', 'refresh-1'])
    expect(await world.connection()).to.have.property('status', 'connected')
    expect(await tokensOf(world)).to.include({ version: 2 })
    expect(ended(world)).to.deep.equal([])
    await world.sync()
    await expectConverged(world)
  })

  it('G2: refused because a run that stood still had the answer: its grant, saved meanwhile, is used at once', async () => {
    const world = await dueWorld(dynamo)
    const [answered, go] = [createGate(), createGate()]
    const still = beforeSaving(world, async () => {
      answered.open()
      await go.passed
    })
    const lost = expectCode(world.sync({}, still), 'lease_lost')
    await answered.passed
    world.clock.advance(IN_FLIGHT_MS)
    world.dexcom.beforeNext('refresh', async () => {
      go.open()
      await lost
    })
    await world.sync()
    expect(presented(world)).to.deep.equal(['refresh-1', 'refresh-1'])
    expect(await tokensOf(world)).to.include({ version: 2, presentations: 0 })
    expect(ended(world)).to.deep.equal([])
    await expectConverged(world)
  })

  it('tokens read before another run announced their use are not presented', async () => {
    const world = await dueWorld(dynamo)
    const asked = createGate()
    const announced = createGate()
    world.dexcom.beforeNext('refresh', async () => {
      announced.open()
      await asked.passed
    })
    // The slow run stands before its intent until the other has read the connection, with the lease that it lost.
    const [holding, slowGate] = [createGate(), createGate()]
    const putConnection: Ports['accounts']['putConnection'] = async (...args) => {
      holding.open()
      await slowGate.passed
      return world.accounts.putConnection(...args)
    }
    const slow = world.sync({}, { ...world.ports, accounts: { ...world.accounts, putConnection } })
    const lost = expectCode(slow, 'lease_lost')
    await holding.passed
    world.clock.advance(LEASE_OVER_MS)
    const connection: Ports['accounts']['connection'] = async (userId) => {
      const read = await world.accounts.connection(userId)
      slowGate.open()
      await announced.passed
      return read
    }
    await expectCode(world.sync({}, { ...world.ports, accounts: { ...world.accounts, connection } }), 'lease_lost')
    asked.open()
    await lost
    expect(presented(world)).to.deep.equal(['refresh-1'])
    await world.sync()
    expect(presented(world)).to.have.length(1)
    await expectConverged(world)
  })

  it('a run with old tokens in hand does not write over a grant that was saved late', async () => {
    const world = await connectedWorld(dynamo)
    world.publisher.accept(0)
    await world.connect()
    world.clock.advance(NEARLY_MS)
    const saved = createGate()
    const other: Ports = {
      ...world.ports,
      publisher: {
        ...world.publisher,
        // The notice is taken only when the grant is saved; then the run strikes it out, from what it has read.
        publishInOrder: async (events) => {
          if (events[0]?.routingKey === 'connection.connected') await saved.passed
          return world.publisher.publishInOrder(events)
        },
      },
    }
    let stale: Promise<unknown> = Promise.resolve()
    const slowSave = beforeSaving(
      world,
      async () => {
        world.clock.advance(LEASE_OVER_MS)
        world.publisher.accept(1e6)
        const fetches = world.dexcom.count('fetchReadings')
        stale = expectCode(world.sync({}, other), 'lease_lost')
        await until('the other run uses the old access token', () => world.dexcom.count('fetchReadings') > fetches)
      },
      3,
    )
    await expectCode(world.sync({}, slowSave), 'lease_lost')
    saved.open()
    await stale
    expect(await tokensOf(world)).to.include({ version: 3, presentations: 0 })
    await world.sync()
    await expectConverged(world)
  })

  it('N7: answers of DynamoDB that are lost behind the intent, the grant and the end of it count as given', async () => {
    const world = await dueWorld(dynamo)
    const client = dynamo.client()
    const faults = injectFaults(client)
    const accounts = createAccountWriter(client, dynamo.tables.accounts, world.clock.now)
    faults.loseAnswerOf('PutItem')
    world.dexcom.beforeNext('refresh', () => faults.loseAnswerOf('PutItem'))
    await world.sync({}, { ...world.ports, accounts })
    expect(faults.lost).to.equal(2)
    expect(presented(world)).to.deep.equal(['refresh-1'])
    expect(await tokensOf(world)).to.include({ version: 2, presentations: 0 })

    world.clock.advance(2 * 3_600_000)
    world.dexcom.revoke()
    world.dexcom.beforeNext('refresh', () => faults.loseAnswerOf('PutItem'))
    await expectCode(world.sync({}, { ...world.ports, accounts }), 'needs_reauth')
    expect(faults.lost).to.equal(3)
    expect(ended(world)).to.deep.equal(['invalid_grant'])
    expect(await world.connection()).to.deep.include({ status: 'needs_reauth', tokens: null, notices: [] })
  })

  it('a process that ends waits for a grant to be saved', async () => {
    const world = await dueWorld(dynamo)
    const unbroken = createUnbroken()
    const away = createGate()
    const stopping = createGate()
    const slow = beforeSaving(world, async () => {
      stopping.open()
      await away.passed
    })
    const stop = new AbortController()
    const running = world.sync({}, { ...slow, unbroken }, 0, stop.signal)
    await stopping.passed
    stop.abort()
    let idle = false
    const ending = unbroken.idle().then(() => {
      idle = true
    })
    await world.connection()
    expect(idle).to.equal(false)
    away.open()
    await ending
    expect(await tokensOf(world)).to.include({ version: 2 })
    await running.catch(() => undefined)
    await unbroken.idle()
  })
})
