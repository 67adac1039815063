import { AppError } from '@bg-ingest/domain'
import { type Ports, TOKEN_RULES } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { expectCode } from '../support/thrown.ts'
import { dueWorld, ended, presented, tokensOf } from '../support/token-world.ts'
import { createGate, until } from '../support/until.ts'
import { LEASE_OVER_MS, type World } from '../support/world.ts'

describe('one refresh from its turn to its grant, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()

  /** Turns of one process, as the client gives them. */
  function turns(count: number): Ports['dexcom']['tokenTurn'] {
    let free = count
    return async (work) => {
      await until('a turn is free', () => free > 0, 20_000)
      free -= 1
      return work().finally(() => {
        free += 1
      })
    }
  }

  it('I7: of six people due at once two are announced and presented at a time, so a crash costs two', async () => {
    const worlds = await Promise.all(Array.from({ length: 6 }, () => dueWorld(dynamo)))
    const tokenTurn = turns(2)
    const answers = createGate()
    let inFlight = 0
    let most = 0
    const runs = worlds.map((world) => {
      world.dexcom.beforeNext('refresh', async () => {
        inFlight += 1
        most = Math.max(most, inFlight)
        await answers.passed
        inFlight -= 1
      })
      return world.sync({}, { ...world.ports, dexcom: { ...world.dexcom, tokenTurn } })
    })
    await until('two are presented', () => inFlight === 2)
    const announced = async () => {
      const all = await Promise.all(worlds.map(tokensOf))
      return all.filter(({ presentations }) => presentations > 0).length
    }
    expect(await announced()).to.equal(2)
    answers.open()
    await Promise.all(runs)
    expect(most).to.equal(2)
    for (const world of worlds) expect(presented(world)).to.have.length(1)
  })

  it('is given up, unannounced, where the lease ended while it waited for its turn', async () => {
    const world = await dueWorld(dynamo)
    const tokenTurn: Ports['dexcom']['tokenTurn'] = (work) => {
      world.clock.advance(LEASE_OVER_MS)
      return work()
    }
    await expectCode(world.sync({}, { ...world.ports, dexcom: { ...world.dexcom, tokenTurn } }), 'lease_lost')
    expect(presented(world)).to.deep.equal([])
    expect(await tokensOf(world)).to.include({ presentations: 0 })
  })

  /** Timers that follow the world's clock. */
  function timers(world: World) {
    let waiting: { readonly at: number; readonly run: () => void }[] = []
    return {
      clock: {
        ...world.clock,
        later(ms: number, run: () => void) {
          const timer = { at: world.clock.monotonic() + ms, run }
          waiting.push(timer)
          return () => {
            waiting = waiting.filter((other) => other !== timer)
          }
        },
      },
      pass(ms: number) {
        world.clock.advance(ms)
        const due = waiting.filter(({ at }) => at <= world.clock.monotonic())
        waiting = waiting.filter((timer) => !due.includes(timer))
        for (const { run } of due) run()
      },
    }
  }

  it('G4: lives through 40 s without an answer, because the lease is renewed meanwhile', async () => {
    const world = await dueWorld(dynamo)
    const { clock, pass } = timers(world)
    let renewals = 0
    const renewLease: Ports['accounts']['renewLease'] = async (...args) => {
      const renewed = await world.accounts.renewLease(...args)
      renewals += 1
      return renewed
    }
    world.dexcom.beforeNext('refresh', async () => {
      for (let passed = 0; passed < 40_000; passed += 5_000) {
        const before = renewals
        pass(5_000)
        await until('the lease is renewed', () => renewals > before)
        await expectCode(world.sync(), 'lease_taken')
      }
    })
    await world.sync({}, { ...world.ports, clock, accounts: { ...world.accounts, renewLease } })
    expect(renewals).to.be.at.least(8)
    expect(presented(world)).to.have.length(1)
    await expectConverged(world)
  })

  /** Ports whose writes of new tokens fail for so long, by the world's clock. */
  const failingFor = (world: World, ms: number): Ports => {
    let until: number | null = null
    const putConnection: Ports['accounts']['putConnection'] = (connection, lease, before) => {
      if (connection.tokens?.version !== 2) return world.accounts.putConnection(connection, lease, before)
      until ??= world.clock.monotonic() + ms
      if (world.clock.monotonic() < until) return Promise.reject(new Error('DynamoDB is away'))
      return world.accounts.putConnection(connection, lease, before)
    }
    return { ...world.ports, accounts: { ...world.accounts, putConnection } }
  }

  it('G18: is saved after 20 s and after 59 s without DynamoDB, though its lease has ended', async () => {
    for (const ms of [20_000, 59_000]) {
      const world = await dueWorld(dynamo)
      await expectCode(world.sync({}, failingFor(world, ms)), 'lease_lost')
      expect(await tokensOf(world), `${ms} ms`).to.include({ version: 2, presentations: 0 })
      await world.sync()
      expect(presented(world)).to.have.length(1)
      expect(ended(world)).to.deep.equal([])
      await expectConverged(world)
    }
  })

  it('is given up after a minute, and stays in doubt: presented once more, as if the worker had died', async () => {
    const world = await dueWorld(dynamo)
    await world.sync({}, failingFor(world, 10 * 60_000)).catch(() => undefined)
    expect(await tokensOf(world)).to.include({ version: 1, presentations: 1 })
    world.clock.advance(TOKEN_RULES.inFlightMs)
    await expectCode(world.sync(), 'needs_reauth')
    expect(presented(world)).to.have.length(2)
    expect(ended(world)).to.deep.equal(['invalid_grant'])
  })

  it('is sealed later where the key service is away for 20 s', async () => {
    const world = await dueWorld(dynamo)
    const back = world.clock.monotonic() + 20_000
    const seal: Ports['vault']['seal'] = (...args) =>
      world.clock.monotonic() < back
        ? Promise.reject(new AppError('service_unavailable', 'KMS is away'))
        : world.ports.vault.seal(...args)
    await expectCode(world.sync({}, { ...world.ports, vault: { ...world.ports.vault, seal } }), 'lease_lost')
    expect(await tokensOf(world)).to.include({ version: 2, presentations: 0 })
    expect(presented(world)).to.have.length(1)
  })
})
