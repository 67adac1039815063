import { type ReadingKey, readingKey } from '@bg-ingest/domain'
import type { Ports } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { consume, expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { aMortal, Killed } from '../support/mortal.ts'
import { expectCode } from '../support/thrown.ts'
import { ago, aWorld, LEASE_OVER_MS, type World } from '../support/world.ts'

const MINUTE_MS = 60_000

describe('a write that is still under way when its run is over, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()

  /** A run that dies with its readings claimed; `late` writes them as it would have, whenever it is called. */
  async function withLateWrite(prepare: (world: World) => Promise<void> | void = () => undefined) {
    const world = aWorld(dynamo)
    await world.connect()
    await prepare(world)
    world.dexcom.add(ago(world, 2 * MINUTE_MS), ago(world, MINUTE_MS))
    const mortal = aMortal()
    const late: (() => Promise<void>)[] = []
    const guarded = world.portsOf(mortal)
    const dying: Ports = {
      ...guarded,
      readings: {
        ...guarded.readings,
        write: async ({ id, fence }, readings) => {
          late.push(() => world.readings.write({ id, fence }, readings, () => undefined))
          mortal.die()
          throw new Killed('dead')
        },
      },
    }
    await world.sync({}, dying).catch(() => undefined)
    expect(mortal.dead).to.equal(true)
    world.clock.advance(LEASE_OVER_MS)
    return { world, late: late[0] ?? expect.fail('nothing was written') }
  }
  /** The ports of the next run, for which the write lands right before it looks at what is stored. */
  const landingBeforeTheDiff = (world: World, late: () => Promise<void>): Ports => ({
    ...world.ports,
    readings: {
      ...world.readings,
      between: async (userId, window) => {
        await late().catch(() => undefined)
        return world.readings.between(userId, window)
      },
    },
  })

  it('fails once its keys were adopted, and the readings are told under new numbers', async () => {
    const { world, late } = await withLateWrite()
    await world.sync({}, landingBeforeTheDiff(world, late))
    await expectConverged(world)
    await expectCode(late(), 'lease_lost')
    await expectConverged(world)
    expect([...(await world.stored()).values()].map(({ sequence }) => sequence)).to.deep.equal([3, 4])
    expect(consume(world).kinds).to.deep.equal(['created', 'created'])
  })

  it('fails too where it would have changed what is stored', async () => {
    const { world, late } = await withLateWrite(async (before) => {
      const reading = ago(before, 3 * MINUTE_MS)
      before.dexcom.add(reading)
      await before.sync()
      before.dexcom.add({ ...reading, glucose: reading.glucose + 20 })
    })
    await world.sync({}, landingBeforeTheDiff(world, late))
    await expectConverged(world)
    await expectCode(late(), 'lease_lost')
    expect(consume(world).kinds).to.deep.equal(['created', 'updated', 'created', 'created'])
  })

  it('is told with its number where it lands before the next run', async () => {
    const { world, late } = await withLateWrite()
    await late()
    await world.sync()
    await expectConverged(world)
    expect([...(await world.stored()).values()].map(({ sequence }) => sequence)).to.deep.equal([1, 2])
  })

  it('is adopted anew where the run that adopted it failed half-way through', async () => {
    const { world, late } = await withLateWrite()
    const { seal } = world.readings
    const half = async (...[userId, lease, claims, stillHeld]: Parameters<typeof seal>) => {
      await seal(userId, lease, new Map<ReadingKey, number>([...claims].slice(0, 1)), stillHeld)
      throw new Error('DynamoDB is away')
    }
    await world.sync({}, { ...world.ports, readings: { ...world.readings, seal: half } }).catch(() => undefined)
    expect(await world.state()).to.include({ committedSequence: 0, publishedSequence: 0 })
    await late().catch(() => undefined)
    await world.sync()
    await expectConverged(world)
  })

  it('leaves published behind committed where the run that adopted it fails before it tells', async () => {
    const { world, late } = await withLateWrite()
    await late()
    const byKeys = () => Promise.reject(new Error('DynamoDB is away'))
    await world.sync({}, { ...world.ports, readings: { ...world.readings, byKeys } }).catch(() => undefined)
    expect(await world.state()).to.include({ committedSequence: 2, publishedSequence: 0 })
    await world.sync()
    await expectConverged(world)
    expect((await world.stored()).has(readingKey(world.dexcom.records()[0] ?? expect.fail()))).to.equal(true)
  })
})
