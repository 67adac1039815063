import { QueryCommand } from '@aws-sdk/lib-dynamodb'
import { type Instant, type Measurement, toInstant } from '@bg-ingest/domain'
import { applyRetention, publishChanges } from '@bg-ingest/ingest'
import { createFeedReader, createReadingReader } from '@bg-ingest/store/read'
import { createAccountWriter, createReadingWriter } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { aMeasurement } from '../support/build.ts'
import { useDynamo } from '../support/dynamo.ts'
import { aMortal } from '../support/mortal.ts'
import { aWorld, LEASE_OVER_MS, type World } from '../support/world.ts'

const DAY_MS = 86_400_000
const DAY_S = 86_400

describe('retention, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()

  /** A person whose service keeps so many days, with a reading of each given age, stored an hour later. */
  async function withReadings(retentionDays: number, agesMs: readonly number[]) {
    const world = aWorld(dynamo, { retentionDays })
    const accounts = createAccountWriter(dynamo.client(), dynamo.tables.accounts, world.clock.now, retentionDays)
    const ports = { ...world.ports, accounts }
    await world.connect('good-code', ports)
    world.dexcom.add(...agesMs.map((ms) => aged(world, ms)))
    const to = toInstant(world.clock.now())
    await world.sync({ trigger: 'manual', range: { from: toInstant(world.clock.now() - 90 * DAY_MS), to } }, ports)
    return { ...world, ports, accounts }
  }
  const aged = ({ clock }: Pick<World, 'clock'>, ms: number): Measurement =>
    aMeasurement({ timestamp: toInstant(clock.now() - ms) })
  const apply = (world: World, retentionDays: number, ports = world.ports) =>
    applyRetention(ports, { retentionDays }, world.userId, world.never)
  const untilApplied = async (world: World, retentionDays: number) => {
    let pieces = 1
    while ((await apply(world, retentionDays)).more) pieces += 1
    return pieces
  }
  const itemsOf = async (table: string, { userId }: World, key: string) => {
    const query = { TableName: table, KeyConditionExpression: 'userId = :user', ConsistentRead: true }
    const { Items = [] } = await dynamo
      .client()
      .send(new QueryCommand({ ...query, ExpressionAttributeValues: { ':user': userId } }))
    return Items.filter((item) => String(item[key]).includes('#'))
  }
  const readingItems = (world: World) => itemsOf(dynamo.tables.readings, world, 'readingKey')
  const logItems = (world: World) => itemsOf(dynamo.tables.accounts, world, 'item')
  const shown = async (world: World, retentionDays: number) => {
    const reader = createReadingReader(dynamo.client(), dynamo.tables.readings, world.clock.now, retentionDays)
    const span = { from: toInstant(0), to: toInstant(world.clock.now() + DAY_MS) }
    const all = { userId: world.userId, ...span, limit: 100, types: new Set(['cgm'] as const) }
    return { reader, range: (await reader.range({ ...all, order: 'asc' })).readings.map(({ timestamp }) => timestamp) }
  }

  it('shows a reading up to its last second and not at the next, also where it carries a longer expiry', async () => {
    const world = await withReadings(60, [30 * DAY_MS - 1_000, 10 * DAY_MS])
    const old = toInstant(world.clock.now() - 30 * DAY_MS + 1_000)
    const feed = createFeedReader(dynamo.client(), dynamo.tables, world.clock.now, 30)
    expect((await shown(world, 30)).range).to.include(old)
    world.clock.advance(999)
    expect((await shown(world, 30)).range, 'a millisecond before').to.include(old)
    expect((await feed.changes(world.userId, 0, 10)).changes).to.have.length(2)
    world.clock.advance(1)
    expect((await shown(world, 30)).range, 'the exact second').to.have.length(1)
    expect((await shown(world, 60)).range).to.have.length(2)
    const page = await feed.changes(world.userId, 0, 10)
    expect([page.changes.length, page.through, page.latestSequence]).to.deep.equal([1, 2, 2])
  })

  it('has no latest reading where the newest is past it', async () => {
    const world = await withReadings(60, [20 * DAY_MS])
    expect(await (await shown(world, 60)).reader.latest(world.userId)).not.to.equal(null)
    expect(await (await shown(world, 10)).reader.latest(world.userId)).to.equal(null)
  })

  it('goes on from a cursor that has passed it meanwhile', async () => {
    const world = await withReadings(60, [30 * DAY_MS, 29 * DAY_MS, 2 * DAY_MS])
    const { reader } = await shown(world, 0)
    const query = {
      userId: world.userId,
      from: toInstant(0),
      to: toInstant(world.clock.now()),
      limit: 1,
      types: new Set(['cgm'] as const),
    }
    for (const [order, left] of [
      ['asc', 1],
      ['desc', 0],
    ] as const) {
      const first = await reader.range({ ...query, order: 'asc' })
      const short = (await shown(world, 10)).reader
      const next = await short.range({ ...query, order, after: first.last ?? undefined })
      expect(next.readings, order).to.have.length(left)
    }
  })

  it('gives the log an expiry too: that of its newest reading, a week at least', async () => {
    const world = await withReadings(60, [50 * DAY_MS, 59 * DAY_MS])
    const [item] = await logItems(world)
    const nowSeconds = world.clock.now() / 1000
    const expectExpiry = (seconds: number) => expect(Number(item?.['expiresAt']) - nowSeconds).to.equal(seconds)
    expectExpiry(10 * DAY_S)
    const short = await withReadings(60, [59 * DAY_MS])
    expect(Number((await logItems(short))[0]?.['expiresAt']) - short.clock.now() / 1000).to.equal(7 * DAY_S)
  })

  it('is set anew on everything stored, shorter, longer and for ever, and then left alone', async () => {
    const world = await withReadings(60, [50 * DAY_MS, 1_000])
    for (const days of [10, 100, 0, 60]) {
      await untilApplied(world, days)
      const wanted = (timestamp: Instant) => (days === 0 ? undefined : Date.parse(timestamp) / 1000 + days * DAY_S)
      for (const item of await readingItems(world))
        expect(item['expiresAt'], `${days}`).to.equal(wanted(item['timestamp']))
      const [log] = await logItems(world)
      const newest = toInstant(world.clock.now() - 1_000)
      expect(log?.['expiresAt'], `log, ${days}`).to.equal(wanted(newest))
      expect((await world.state()).retention).to.deep.include({ days, goal: null })
    }
    const writes = world.readingWrites()
    expect(await apply(world, 60)).to.deep.equal({ more: false })
    expect(world.readingWrites()).to.equal(writes)
  })

  it('is applied in pieces, and goes on behind the last where a worker dies', async () => {
    const world = await withReadings(
      60,
      Array.from({ length: 1_200 }, (_, i) => (i + 1) * 60_000),
    )
    const mortal = aMortal()
    // A page takes a second here, so each piece ends with its first.
    const reexpire: World['readings']['reexpire'] = async (...page) => {
      const through = await world.readings.reexpire(...page)
      world.clock.advance(1_000)
      return through
    }
    const dying = world.portsOf(mortal)
    const slow = { ...dying, readings: mortal.guard({ ...world.readings, reexpire }) }
    expect(await apply(world, 30, slow)).to.deep.equal({ more: true })
    mortal.dieAround(mortal.calls + 3, 'before')
    await apply(world, 30, slow).catch(() => undefined)
    expect(mortal.dead).to.equal(true)
    world.clock.advance(LEASE_OVER_MS)
    const { through } = (await world.state()).retention ?? {}
    expect(through).to.be.a('string')
    const begins: (string | null)[] = []
    const watched: World['readings']['reexpire'] = (userId, page, stillHeld) => {
      begins.push(page.after)
      return world.readings.reexpire(userId, page, stillHeld)
    }
    while ((await apply(world, 30, { ...world.ports, readings: { ...world.readings, reexpire: watched } })).more);
    expect(begins[0], 'goes on, and does not begin again').to.equal(through)
    for (const item of await readingItems(world))
      expect(item['expiresAt']).to.equal(Math.floor(Date.parse(item['timestamp']) / 1000) + 30 * DAY_S)
  })

  it('that becomes longer says how far back the history really goes, for the next reconciliation', async () => {
    const world = await withReadings(20, [1_000])
    await untilApplied(world, 20)
    const from = toInstant(world.clock.now() - 60 * DAY_MS)
    const lease = { id: 'history', fence: 0 }
    const taken = await world.accounts.takeLease(world.userId, lease.id, { ttlMs: 1_000, revive: false })
    const history = { state: 'complete', from, to: null, through: from, readings: 1 } as const
    await world.accounts.finish(world.userId, { ...lease, fence: taken?.fence ?? 0 }, { history })
    await untilApplied(world, 40)
    expect((await world.state()).history.from).to.equal(toInstant(world.clock.now() - 20 * DAY_MS))
  })

  it('tells what is left where the log has lost what waited for the broker', async () => {
    const world = await withReadings(60, [1_000])
    world.publisher.accept(0)
    world.dexcom.add(aged(world, 500))
    await world.sync({}, world.ports)
    await world.accounts.eraseLog(world.userId, () => undefined)
    world.publisher.accept(1e6)
    expect(await publishChanges(world.ports, world.userId, world.never)).to.include({ pending: false })
  })

  it('is not applied to somebody who was erased, and leaves other fields of a reading alone', async () => {
    const world = await withReadings(60, [1_000])
    const [before] = await readingItems(world)
    await untilApplied(world, 10)
    const [after] = await readingItems(world)
    expect({ ...after, expiresAt: 0 }).to.deep.equal({ ...before, expiresAt: 0 })
    const writer = createReadingWriter(dynamo.client(), {
      table: dynamo.tables.readings,
      retentionDays: 10,
      now: world.clock.now,
    })
    expect(await writer.count(world.userId)).to.equal(1)
  })
})
