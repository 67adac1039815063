import { publishChanges } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { ago, aWorld, type World } from '../support/world.ts'

const MINUTE_MS = 60_000

describe('sync of a person while the broker, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()

  const connected = async () => {
    const world = aWorld(dynamo)
    await world.connect()
    return world
  }
  const minutesOf = (world: World, count: number) =>
    Array.from({ length: count }, (_, i) => ago(world, (count - i) * MINUTE_MS))

  it('is away, keeps what changes and tells it later, in order', async () => {
    const world = await connected()
    world.publisher.accept(0)
    for (let i = 0; i < 3; i += 1) {
      world.clock.advance(5 * MINUTE_MS)
      world.dexcom.add(ago(world, MINUTE_MS))
      expect((await world.sync()).unpublished).to.equal(true)
    }
    expect(world.publisher.ofKind('readings.changed')).to.have.length(0)
    world.publisher.accept(1e6)
    world.dexcom.add(ago(world, 0, { glucose: 200 }))
    world.clock.advance(5 * MINUTE_MS)
    expect((await world.sync()).unpublished).to.equal(false)
    await expectConverged(world)
    const ranges = world.publisher.ofKind('readings.changed').map(({ data }) => [data.fromSequence, data.toSequence])
    expect(ranges).to.deep.equal([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ])
  })

  it('takes a part, goes on behind that part', async () => {
    const world = await connected()
    world.dexcom.add(...minutesOf(world, 500))
    world.publisher.accept(1)
    expect((await world.sync()).unpublished).to.equal(true)
    expect(await world.state()).to.include({ committedSequence: 500, publishedSequence: 200 })
    world.publisher.accept(1)
    expect(await publishChanges(world.ports, world.userId, world.never)).to.include({ pending: true })
    world.publisher.accept(1e6)
    expect(await publishChanges(world.ports, world.userId, world.never)).to.include({ pending: false })
    await expectConverged(world)
    expect(world.publisher.ofKind('readings.changed')).to.have.length(3)
  })

  it('is away, an update takes the place of what was not told yet', async () => {
    const world = await connected()
    world.publisher.accept(0)
    const reading = ago(world, MINUTE_MS)
    world.dexcom.add(reading, ago(world, 2 * MINUTE_MS))
    await world.sync()
    world.dexcom.add({ ...reading, glucose: 222 })
    await world.sync()
    world.publisher.accept(1e6)
    await publishChanges(world.ports, world.userId, world.never)
    const told = world.publisher
      .ofKind('readings.changed')
      .map(({ data }) => data.changes.map(({ sequence }) => sequence))
    expect(told).to.deep.equal([[1], [3]])
  })
})
