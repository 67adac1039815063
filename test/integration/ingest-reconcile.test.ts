import { epochMs, toInstant } from '@bg-ingest/domain'
import { disconnectUser, importHistory, reconcileUser } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { expectCode } from '../support/thrown.ts'
import { ago, aWorld, HOUR_MS, type World } from '../support/world.ts'

const DAY_MS = 24 * HOUR_MS

describe('the look back at what is stored, on DynamoDB', function () {
  this.timeout(60_000)
  const dynamo = useDynamo()

  const step = (world: World, retentionDays = 0) =>
    reconcileUser(world.ports, { retentionDays }, world.userId, world.never)
  /** A round with all its windows; answers how many there were. */
  const round = async (world: World, retentionDays = 0) => {
    let windows = 1
    while ((await step(world, retentionDays)).more) windows += 1
    return windows
  }
  /** A person whose history is imported and polled; the given readings were there from the beginning. */
  async function imported(...days: readonly number[]) {
    const world = aWorld(dynamo)
    world.dexcom.add(...days.map((day) => ago(world, day * DAY_MS)))
    await world.connect()
    const options = { retentionDays: 0, stopping: () => false }
    while ((await importHistory(world.ports, options, world.userId, world.never)).more);
    await world.sync()
    world.clock.advance(HOUR_MS)
    world.dexcom.asked.length = 0
    return world
  }
  const later = (world: World, ms: number) => world.clock.advance(ms)
  const windowsAsked = ({ dexcom }: World) =>
    dexcom.asked.flatMap(({ type, window }) => (type === 'cgm' && window ? [window] : []))
  const daysAsked = (world: World) =>
    windowsAsked(world).map(({ fromMs }) => Math.round((world.clock.now() - fromMs) / DAY_MS))

  it('finds what no poll looks back to, and tells it', async () => {
    const world = await imported(1, 3)
    await round(world)
    const late = ago(world, 5 * DAY_MS)
    world.dexcom.add(late, ago(world, 6 * DAY_MS, { type: 'manual' }))
    await world.sync()
    expect((await world.stored()).size, 'a poll does not find it').to.equal(2)
    later(world, HOUR_MS)
    await round(world)
    await expectConverged(world)
    expect((await world.stored()).size).to.equal(4)
  })

  it('writes no reading where nothing differs, and one state', async () => {
    const world = await imported(1, 2, 3, 4, 5, 6)
    await round(world)
    const before = world.readingWrites()
    const told = world.publisher.ofKind('readings.changed').length
    await round(world)
    expect(world.readingWrites()).to.equal(before)
    expect(world.publisher.ofKind('readings.changed')).to.have.length(told)
  })

  it('looks back 7 days six times, and 30 days the seventh, at the lowest priority', async () => {
    const world = await imported(1, 29)
    const asked: number[] = []
    for (let n = 0; n < 8; n += 1) {
      world.dexcom.asked.length = 0
      await round(world)
      asked.push(...daysAsked(world))
    }
    expect(asked).to.deep.equal([7, 7, 7, 7, 7, 7, 30, 7])
    expect(new Set(world.dexcom.asked.map(({ priority }) => priority))).to.deep.equal(new Set([100]))
  })

  it('goes back as far as something was uploaded since the last round, in windows of at most 30 days', async () => {
    const world = await imported(1, 100)
    await round(world)
    later(world, DAY_MS)
    world.dexcom.add(ago(world, 75 * DAY_MS))
    world.dexcom.asked.length = 0
    expect(await round(world)).to.equal(3)
    await expectConverged(world)
    const windows = windowsAsked(world)
    expect(windows.every(({ fromMs, toMs }) => toMs - fromMs <= 30 * DAY_MS)).to.equal(true)
    world.dexcom.asked.length = 0
    await round(world)
    expect(daysAsked(world), 'and the next one no further than usual').to.deep.equal([7])
  })

  it('goes back where data now begins earlier than what was imported, and says so once', async () => {
    const world = await imported(1, 20)
    await round(world)
    world.dexcom.add(ago(world, 45 * DAY_MS))
    await round(world)
    await expectConverged(world)
    const { history } = await world.state()
    expect(history.state).to.equal('complete')
    expect(epochMs(String(history.from) as never)).to.be.closeTo(world.clock.now() - 45 * DAY_MS, 60_000)
    world.dexcom.asked.length = 0
    await round(world)
    expect(daysAsked(world)).to.deep.equal([7])
  })

  it('keeps to retention, however far back something was uploaded', async () => {
    const world = await imported(1)
    await round(world, 10)
    world.dexcom.add(ago(world, 9 * DAY_MS), ago(world, 300 * DAY_MS))
    world.dexcom.asked.length = 0
    await round(world, 10)
    expect(daysAsked(world)).to.deep.equal([10])
    expect((await world.stored()).size).to.equal(2)
  })

  it('stores a flood in parts, none of which holds the person for long, and no reading twice', async () => {
    const world = await imported(1)
    await round(world)
    world.dexcom.add(...Array.from({ length: 1500 }, (_, i) => ago(world, 2 * DAY_MS + i * 60_000)))
    expect(await round(world)).to.equal(2)
    await expectConverged(world)
    expect((await world.state()).committedSequence).to.equal(1501)
  })

  it('goes on where it stood after a run that failed', async () => {
    const world = await imported(1, 80)
    await round(world)
    later(world, HOUR_MS)
    world.dexcom.add(ago(world, 70 * DAY_MS))
    expect(await step(world)).to.include({ more: true })
    const { through } = (await world.state()).reconcile
    world.dexcom.asked.length = 0
    await round(world)
    expect(toInstant(Number(windowsAsked(world)[0]?.toMs) - 1000)).to.equal(through)
    await expectConverged(world)
  })

  it('finds nobody connected', async () => {
    const world = await imported(1)
    await disconnectUser(world.ports, world.userId, world.never)
    await expectCode(step(world), 'not_connected')
  })

  it('is due once in an interval, and not before the import has ended', async () => {
    const world = aWorld(dynamo)
    world.dexcom.add(ago(world, DAY_MS))
    await world.connect()
    expect((await world.sync()).reconcileDue).to.equal(false)
    const options = { retentionDays: 0, stopping: () => false }
    while ((await importHistory(world.ports, options, world.userId, world.never)).more);
    later(world, DAY_MS)
    expect((await world.sync()).reconcileDue, 'a day later').to.equal(true)
    await round(world)
    expect((await world.sync()).reconcileDue, 'just done').to.equal(false)
    later(world, DAY_MS)
    expect((await world.sync()).reconcileDue, 'the next day').to.equal(true)
  })
})
