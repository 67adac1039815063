import { readingKey, toInstant } from '@bg-ingest/domain'
import { importHistory, type Ports } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { useDynamo } from '../support/dynamo.ts'
import { ago, aWorld, HOUR_MS, type World } from '../support/world.ts'

const MINUTE_MS = 60_000

describe('fingersticks that Dexcom takes back or moves, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()

  const connected = async () => {
    const world = aWorld(dynamo)
    await world.connect()
    return world
  }
  const fingerstick = (world: World, ms: number, recordId: string) =>
    ago(world, ms, { type: 'manual', recordId, transmitterTicks: null })
  /** What Dexcom answers from now on, with what it has taken back. */
  const withPage = (world: World, page: { has?: readonly Measured[]; tookBack?: readonly Measured[] }): Ports => ({
    ...world.ports,
    dexcom: {
      ...world.dexcom,
      async fetchReadings(call, type, window) {
        const fetched = await world.dexcom.fetchReadings(call, type, window)
        if (type !== 'manual') return fetched
        return { ...fetched, measurements: page.has ?? [], deletions: page.tookBack ?? [] }
      },
    },
  })
  type Measured = ReturnType<typeof fingerstick>
  const sync = (ports: Ports, world: World) => world.sync({ trigger: 'manual' }, ports)
  const stored = async (world: World) =>
    [...(await world.stored()).values()].map(({ timestamp, revision, sequence, deleted }) => [
      timestamp,
      revision,
      sequence,
      deleted ?? false,
    ])
  const heard = ({ publisher }: World) =>
    publisher
      .ofKind('readings.changed')
      .flatMap(({ data }) => data.changes.map(({ sequence, kind, reading }) => [sequence, kind, reading.glucose]))

  it('is told as deleted, as it last was, once, and comes again as the next revision', async () => {
    const world = await connected()
    const one = fingerstick(world, HOUR_MS, 'one')
    await sync(withPage(world, { has: [one] }), world)
    const gone = withPage(world, { tookBack: [one] })
    expect((await sync(gone, world)).result).to.include({ stored: 0, updated: 1 })
    expect(await stored(world)).to.deep.equal([[one.timestamp, 2, 2, true]])
    expect((await sync(gone, world)).result).to.include({ stored: 0, updated: 0, unchanged: 0 })
    expect((await sync(withPage(world, { has: [one] }), world)).result).to.include({ stored: 1, updated: 0 })
    expect(await stored(world)).to.deep.equal([[one.timestamp, 3, 3, false]])
    expect(heard(world)).to.deep.equal([
      [1, 'created', one.glucose],
      [2, 'deleted', one.glucose],
      [3, 'created', one.glucose],
    ])
  })

  it('changes nothing where it is not stored', async () => {
    const world = await connected()
    const never = fingerstick(world, HOUR_MS, 'never')
    expect((await sync(withPage(world, { tookBack: [never] }), world)).result).to.include({ stored: 0, updated: 0 })
    expect(await world.state()).to.include({ committedSequence: 0 })
  })

  it('is moved in one commit: deleted where it was, created where it is', async () => {
    const world = await connected()
    const [other, before] = [fingerstick(world, 3 * HOUR_MS, 'other'), fingerstick(world, 20 * HOUR_MS, 'moved')]
    await sync(withPage(world, { has: [other, before] }), world)
    const after = { ...before, timestamp: toInstant(world.clock.now() - 30 * MINUTE_MS) }
    expect((await sync(withPage(world, { has: [other, after] }), world)).result).to.include({ stored: 1, updated: 1 })
    expect(await stored(world)).to.deep.equal([
      [before.timestamp, 2, 3, true],
      [other.timestamp, 1, 2, false],
      [after.timestamp, 1, 4, false],
    ])
    const last = world.publisher.ofKind('readings.changed').at(-1)?.data
    expect(last?.changes.map(({ kind }) => kind)).to.deep.equal(['deleted', 'created'])
    expect((await sync(withPage(world, { has: [other, after] }), world)).result).to.include({ stored: 0, updated: 0 })
  })

  it('is found by its record where it was moved and then taken back', async () => {
    const world = await connected()
    const before = fingerstick(world, 5 * HOUR_MS, 'moved')
    await sync(withPage(world, { has: [before] }), world)
    const elsewhere = { ...before, timestamp: toInstant(world.clock.now() - MINUTE_MS) }
    await sync(withPage(world, { tookBack: [elsewhere] }), world)
    expect(await stored(world)).to.deep.equal([[before.timestamp, 2, 2, true]])
  })

  it('stays where another record stands at its key', async () => {
    const world = await connected()
    const one = fingerstick(world, HOUR_MS, 'one')
    await sync(withPage(world, { has: [one] }), world)
    await sync(withPage(world, { has: [{ ...one, recordId: 'again' }], tookBack: [one] }), world)
    expect(await stored(world)).to.deep.equal([[one.timestamp, 1, 1, false]])
  })

  it('is taken back by an import of history too', async () => {
    const world = await connected()
    world.dexcom.add(ago(world, 2 * HOUR_MS), ago(world, 3 * HOUR_MS))
    const one = fingerstick(world, HOUR_MS, 'one')
    await sync(withPage(world, { has: [one] }), world)
    const ports = withPage(world, { tookBack: [one] })
    const options = { retentionDays: 0, stopping: () => false }
    while ((await importHistory(ports, options, world.userId, world.never)).more);
    expect((await world.stored()).get(readingKey(one))).to.include({ deleted: true, revision: 2 })
  })
})
