import { randomUUID } from 'node:crypto'
import { EVENTS, type ReadingKey, toInstant } from '@bg-ingest/domain'
import { eraseUser, publishChanges, republishChanges, tellFailed } from '@bg-ingest/ingest'
import { createOutboxTally, type OutboxTally } from '@bg-ingest/queue'
import { createOutboxReader, type OutboxReader } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { useDynamo } from '../support/dynamo.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'
import { ago, aWorld, type World } from '../support/world.ts'

const MINUTE_MS = 60_000

describe('what waits for the broker, on DynamoDB and Redis', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()
  let server: LocalRedis
  let redis: Redis
  let reader: OutboxReader
  let tally: OutboxTally

  before(async () => {
    server = await startRedis()
    redis = new Redis(server.url)
    await redis.ping()
    reader = createOutboxReader(dynamo.client(), dynamo.tables.accounts, Date.now)
  })
  beforeEach(() => {
    tally = createOutboxTally(redis, { prefix: randomUUID() })
  })
  after(async () => {
    redis.disconnect()
    await server.stop()
  })

  /** A connected person whose runs tell the tally. */
  async function connected(): Promise<World> {
    const world = aWorld(dynamo)
    Object.assign(world.ports, { outbox: { waiting: reader.logItemsAfter, note: tally.note } })
    await world.connect()
    return world
  }
  const news = async (world: World, runs = 1) => {
    for (let i = 0; i < runs; i += 1) {
      world.clock.advance(5 * MINUTE_MS)
      world.dexcom.add(ago(world, MINUTE_MS))
      await world.sync()
    }
  }
  const publish = (world: World) => publishChanges(world.ports, world.userId, world.never)
  const totalIs = (count: number) => until(`${count} wait`, async () => (await tally.total()) === count)
  const rangesTold = ({ publisher }: World) =>
    publisher.ofKind('readings.changed').map(({ data }) => `${data.fromSequence}-${data.toSequence}`)

  it('is counted over all people at the end of each run, and no more once it is told', async () => {
    const [one, other] = [await connected(), await connected()]
    await news(one)
    await totalIs(0)
    for (const { publisher } of [one, other]) publisher.accept(0)
    await news(one, 3)
    await news(other, 1)
    await totalIs(4)
    one.publisher.accept(2)
    await publish(one)
    await totalIs(2)
    for (const { publisher } of [one, other]) publisher.accept(1e6)
    await news(other)
    await totalIs(1)
    expect(await publish(one)).to.deep.equal({ pending: false, more: false })
    await totalIs(0)
  })

  it('is no more of anybody who is erased', async () => {
    const world = await connected()
    world.publisher.accept(0)
    await news(world, 2)
    await totalIs(2)
    await eraseUser(world.ports, world.userId, world.never)
    await totalIs(0)
    expect(await reader.waiting([world.userId])).to.deep.equal([{ userId: world.userId, logItems: 0, notices: 1 }])
  })

  it('is found by a look from outside, while nobody holds the person', async () => {
    const [quiet, waiting] = [await connected(), await connected()]
    await news(quiet)
    waiting.publisher.accept(0)
    await news(waiting, 2)
    await tellFailed(
      waiting.ports,
      waiting.userId,
      { jobId: 'job_1', code: 'upstream_unavailable', at: toInstant(waiting.clock.now()) },
      waiting.never,
    )
    expect(await reader.waiting([quiet.userId, waiting.userId])).to.deep.equal([
      { userId: quiet.userId, logItems: 0, notices: 0 },
      { userId: waiting.userId, logItems: 2, notices: 1 },
    ])
    await waiting.accountsAt(Date.now).takeLease(waiting.userId, 'a run', { ttlMs: 15_000, revive: false })
    expect(await reader.waiting([waiting.userId])).to.deep.equal([])
    expect(await reader.waiting([])).to.deep.equal([])
  })

  it('is looked at for more people than one call to DynamoDB takes', async () => {
    const worlds = Array.from({ length: 60 }, () => aWorld(dynamo))
    const last = worlds.at(-1)
    if (!last) throw new Error('nobody')
    await last.connect()
    last.publisher.accept(0)
    await news(last)
    const found = await reader.waiting(worlds.map(({ userId }) => userId))
    expect(found.map(({ logItems }) => logItems)).to.deep.equal([1])
  })

  it('costs no lease and no unit while the broker is away', async () => {
    const world = await connected()
    world.publisher.accept(0)
    await news(world)
    await world.accounts.takeLease(world.userId, 'somebody', { ttlMs: 15_000, revive: false })
    expect(await publish(world)).to.deep.equal({ pending: true, more: false })
  })

  it('is told a part at a time, so that others have their turn', async () => {
    const world = await connected()
    const { accounts, userId } = world
    const ranges = Array.from({ length: 61 }, (_, i) => ({
      first: i + 1,
      last: i + 1,
      at: toInstant(world.clock.now()),
      changes: [{ sequence: i + 1, kind: 'created' as const, key: `k${i}` as ReadingKey }],
    }))
    const taken = await accounts.takeLease(userId, 'a run', { ttlMs: 15_000, revive: false })
    const lease = { id: 'a run', fence: taken?.fence ?? 0 }
    await accounts.appendRanges(userId, lease, ranges)
    await accounts.finish(userId, lease, { committedSequence: 61 })
    expect(await publish(world)).to.deep.equal({ pending: true, more: true })
    expect(rangesTold(world)).to.have.length(50)
    expect(await publish(world)).to.deep.equal({ pending: false, more: false })
    expect(rangesTold(world)).to.deep.equal(ranges.map(({ first, last }) => `${first}-${last}`))
  })

  it('is told once more on request: the same ids in the same order, what moved on in its newer place', async () => {
    const world = await connected()
    const reading = ago(world, MINUTE_MS)
    world.dexcom.add(reading)
    await world.sync()
    await news(world, 12)
    world.dexcom.add({ ...reading, glucose: 222 })
    await world.sync()
    const first = world.publisher.ofKind('readings.changed').map(({ id, data }) => [id, data.fromSequence])
    const progress: number[] = []
    const again = (from: number | null, to: number | null) =>
      republishChanges(
        world.ports,
        world.userId,
        {
          from: from === null ? null : toInstant(from),
          to: to === null ? null : toInstant(to),
          onProgress: ({ messages }) => progress.push(messages),
        },
        world.never,
      )
    world.publisher.taken.splice(0)
    expect(await again(null, null)).to.deep.equal({
      messages: 14,
      changes: 13,
      fromSequence: 1,
      toSequence: 14,
      complete: true,
    })
    expect(world.publisher.ofKind('readings.changed').map(({ id, data }) => [id, data.fromSequence])).to.deep.equal(
      first,
    )
    expect(progress).to.deep.equal([10, 14])
    const nowMs = world.clock.now()
    expect(await again(nowMs - 6 * MINUTE_MS, nowMs)).to.include({ messages: 1, fromSequence: 12, complete: true })
    world.publisher.accept(3)
    expect(await again(null, null)).to.include({ messages: 3, toSequence: 3, complete: false })
    expect(await world.state()).to.include({ publishedSequence: 14 })
  })

  describe('of a sync that has failed', () => {
    const failed = ({ clock }: World, jobId = 'job_7') => ({
      jobId,
      code: 'upstream_unavailable',
      at: toInstant(clock.now()),
    })

    it('is kept with the connection until the broker takes it, and told under one id', async () => {
      const world = await connected()
      world.publisher.accept(0)
      await tellFailed(world.ports, world.userId, failed(world), world.never)
      await tellFailed(world.ports, world.userId, failed(world), world.never)
      world.publisher.accept(1e6)
      expect(await publish(world)).to.deep.equal({ pending: false, more: false })
      const [event, ...more] = world.publisher.ofKind('sync.failed')
      expect(more).to.deep.equal([])
      expect(EVENTS['sync.failed'].data.parse(event?.data)).to.deep.include({
        jobId: 'job_7',
        code: 'upstream_unavailable',
      })
      await tellFailed(world.ports, world.userId, failed(world), world.never)
      expect(world.publisher.ofKind('sync.failed')[1]?.id).to.equal(event?.id)
      expect((await world.connection())?.notices).to.deep.equal([])
    })

    it('is kept for a hundred of them, the newest, and never at the cost of another notice', async () => {
      const world = aWorld(dynamo)
      world.publisher.accept(0)
      const connection = await world.connect()
      const notices100 = Array.from({ length: 100 }, (_, i) => ({
        id: `job_${i}`,
        routingKey: 'sync.failed' as const,
        region: 'default',
        at: toInstant(0),
        reason: 'internal_error',
      }))
      const full = { ...connection, notices: [...connection.notices, ...notices100] }
      await world.accounts.putConnection(full, { id: 'a run', fence: 1 })
      for (const i of [100, 101, 102])
        await tellFailed(world.ports, world.userId, failed(world, `job_${i}`), world.never)
      const notices = (await world.connection())?.notices ?? []
      expect(notices.map(({ routingKey }) => routingKey)).to.include('connection.connected')
      expect(notices.slice(1).map(({ id }) => id)).to.deep.equal(Array.from({ length: 100 }, (_, i) => `job_${i + 3}`))
    })
  })
})
