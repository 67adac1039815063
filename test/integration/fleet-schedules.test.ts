import { nextPollMs, pollOffsetMs, toInstant, type UserId } from '@bg-ingest/domain'
import { createRestoreMarker, createSchedules, userKey } from '@bg-ingest/queue'
import { expect } from 'chai'
import { aFleet } from '../support/a-fleet.ts'
import { useDynamo } from '../support/dynamo.ts'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000

describe('fleet: keeping the schedules', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()
  let server: LocalRedis
  let bench: QueueBench
  let fleet: ReturnType<typeof aFleet>

  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())
  beforeEach(async () => {
    bench = await openQueueBench(server.url)
    fleet = aFleet(dynamo, bench, HOUR_MS)
  })
  afterEach(async () => {
    // The registry is one for all tests; nobody of an earlier one may be polled in the next.
    await bench.redis.flushall()
    await bench.close()
  })

  const queue = () => bench.queues['bg-tick']
  const idOf = (userId: UserId) => userKey(userId, 'poll')
  const scheduler = (userId: UserId) => queue().getJobScheduler(idOf(userId))
  const marker = () => createRestoreMarker(bench.redis, { prefix: bench.prefix })
  const ours = (counts: ReturnType<typeof aFleet>['counted'][number] | undefined) => counts ?? expect.fail()

  it('polls everybody connected at their own pace, and nobody else', async () => {
    const [usual, own, paused, parked, dead, gone] = [aUser(), aUser(), aUser(), aUser(), aUser(), aUser()]
    for (const userId of [usual, dead, gone]) await fleet.connect(userId)
    await fleet.connect(own, { pollIntervalSeconds: 60 })
    await fleet.connect(paused, { paused: true })
    await fleet.connect(parked, { parkedAt: toInstant(0) })
    // Whatever Redis says of them.
    for (const userId of [paused, parked, dead, gone]) await bench.schedules.upsert(userId, HOUR_MS)
    await fleet.become(dead, 'needs_reauth')
    await fleet.become(gone, 'disconnected')

    await fleet.reconciler().beat()
    expect((await scheduler(usual))?.every).to.equal(HOUR_MS)
    expect((await scheduler(usual))?.next).to.equal(nextPollMs(usual, HOUR_MS, Date.now()))
    expect((await scheduler(own))?.every).to.equal(60_000)
    for (const userId of [paused, parked, dead, gone]) expect(await scheduler(userId)).to.equal(undefined)
    const counts = ours(fleet.counted.at(-1))
    expect(counts.parked).to.equal(1)
    expect(counts.connected).to.be.at.least(3)
    expect([counts.needs_reauth, counts.disconnected]).to.deep.equal([1, 1])
    expect(await marker().isSet()).to.equal(true)
  })

  it('restores all of them at once when Redis has lost its data, and makes up for slots that passed just then', async () => {
    const people = Array.from({ length: 20 }, aUser)
    for (const userId of people) await fleet.connect(userId)
    const reconciler = fleet.reconciler({}, { cycleMs: 900_000 })
    await reconciler.beat()
    await bench.redis.flushall()
    expect(await bench.schedules.count()).to.equal(0)
    fleet.polled.length = 0
    await reconciler.beat()
    for (const userId of people) expect(await scheduler(userId), userId).not.to.equal(undefined)
    const justPassed = people.filter((userId) => {
      const now = Date.now()
      return now - (nextPollMs(userId, HOUR_MS, now) - HOUR_MS) < 110_000
    })
    expect(fleet.polled).to.include.members(justPassed)
    expect(fleet.polled.length).to.be.below(20)
  })

  it('begins again where Redis loses its data while they are being restored', async () => {
    const [person] = [aUser()]
    await fleet.connect(person)
    let flushed = false
    const schedules = {
      ...bench.schedules,
      repair: async (...args: Parameters<typeof bench.schedules.repair>) => {
        await bench.schedules.repair(...args)
        if (!flushed) await bench.redis.flushall()
        flushed = true
      },
    }
    const reconciler = fleet.reconciler({ schedules }, { cycleMs: 900_000 })
    const failed = await reconciler.beat().then(
      () => false,
      () => true,
    )
    expect(failed || !(await marker().isSet()), 'not taken for done').to.equal(true)
    await reconciler.beat()
    expect(await scheduler(person)).not.to.equal(undefined)
    expect(await marker().isSet()).to.equal(true)
  })

  it('finds a tick that was lost, before it is due and after', async () => {
    const [early, late] = [aUser(), aUser()]
    for (const userId of [early, late]) await fleet.connect(userId)
    const reconciler = fleet.reconciler()
    await reconciler.beat()
    const next = (await scheduler(early))?.next
    await bench.redis.zrem(queue().toKey('delayed'), `repeat:${idOf(early)}:${next}`)
    await queue().removeJobScheduler(idOf(late))
    await bench.redis.hset(queue().toKey(`repeat:${idOf(late)}`), {
      every: HOUR_MS,
      data: JSON.stringify({ v: 1, userId: late }),
    })
    await bench.redis.zadd(queue().toKey('repeat'), Date.now() - 60_000, idOf(late))
    fleet.polled.length = 0
    await reconciler.beat()
    for (const userId of [early, late]) {
      const found = await scheduler(userId)
      expect(found?.next, 'the next slot of the phase').to.equal(nextPollMs(userId, HOUR_MS, Date.now()))
      expect(await bench.redis.zscore(queue().toKey('delayed'), `repeat:${idOf(userId)}:${found?.next}`)).to.be.a(
        'string',
      )
    }
    expect(fleet.polled, 'what was missed is made up for').to.deep.equal([late])
  })

  it('calls back a schedule that a worker with a clock ahead has taken into the future', async () => {
    const person = aUser()
    await fleet.connect(person)
    const ahead = createSchedules(bench.redis, { prefix: bench.prefix })
    const { now } = Date
    Date.now = () => now() + 3 * HOUR_MS
    await ahead.upsert(person, HOUR_MS).finally(() => {
      Date.now = now
    })
    await ahead.close()
    expect((await scheduler(person))?.next).to.be.above(Date.now() + 2 * HOUR_MS)
    // Whoever's clock is behind must not take the right ones for it: they would be called back again and again.
    const behind = createSchedules(bench.redis, { prefix: bench.prefix, now: () => Date.now() - HOUR_MS })
    const right = aUser()
    await bench.schedules.upsert(right, HOUR_MS)
    expect(await behind.inspect([{ userId: right, everyMs: HOUR_MS }])).to.deep.equal(new Map())
    await behind.close()
    // The beat after the first looks at a small part of the registry alone.
    const reconciler = fleet.reconciler({}, { cycleMs: 900_000_000 })
    await reconciler.beat()
    const found = await scheduler(person)
    expect(found?.next).to.equal(nextPollMs(person, HOUR_MS, Date.now()))
    Date.now = () => now() + 3 * HOUR_MS
    await bench.schedules.remove(person)
    await bench.schedules.upsert(person, HOUR_MS).finally(() => {
      Date.now = now
    })
    await bench.redis.del(`${bench.prefix}:schedules:touched`)
    await reconciler.beat()
    expect((await scheduler(person))?.next, 'at its next beat').to.equal(found?.next)
    const ticks = await bench.redis.zrange(queue().toKey('delayed'), '0', '-1')
    expect(ticks.filter((id) => id.includes(idOf(person)))).to.deep.equal([`repeat:${idOf(person)}:${found?.next}`])
  })

  it('leaves a tick alone that waits for a worker, however long', async () => {
    const person = aUser()
    await fleet.connect(person, { pollIntervalSeconds: 1 })
    const reconciler = fleet.reconciler()
    await reconciler.beat()
    await until('the tick is due', async () => ((await scheduler(person))?.next ?? 0) < Date.now() - 400, 5_000)
    const before = await scheduler(person)
    fleet.polled.length = 0
    await reconciler.beat()
    expect(await scheduler(person)).to.deep.equal(before)
    expect(fleet.polled).not.to.include(person)
  })

  it('follows a change of the interval, of the service and of a person', async () => {
    const [usual, own] = [aUser(), aUser()]
    await fleet.connect(usual)
    await fleet.connect(own, { pollIntervalSeconds: 120 })
    const before = fleet.reconciler()
    await before.beat()
    await before.close()
    await fleet.reconciler({ pollIntervalMs: HOUR_MS / 2 }).beat()
    expect((await scheduler(usual))?.every).to.equal(HOUR_MS / 2)
    expect(((await scheduler(usual))?.next ?? 0) % (HOUR_MS / 2)).to.equal(pollOffsetMs(usual, HOUR_MS / 2))
    expect((await scheduler(own))?.every).to.equal(120_000)
    expect(await bench.redis.zcard(queue().toKey('delayed'))).to.equal(await bench.schedules.count())
  })

  it('removes the schedule of somebody who is in no registry', async () => {
    const stranger = aUser()
    await bench.schedules.upsert(stranger, HOUR_MS)
    const reconciler = fleet.reconciler()
    await reconciler.beat()
    await reconciler.beat()
    expect(await scheduler(stranger)).to.equal(undefined)
  })

  it('looks at once at whose schedule was changed, and is led by one process at a time', async () => {
    const person = aUser()
    const [first, second] = [fleet.reconciler({}, { cycleMs: 1e9 }), fleet.reconciler({}, { cycleMs: 1e9 })]
    await first.beat()
    await fleet.connect(person)
    await bench.schedules.remove(person)
    await second.beat()
    expect([await scheduler(person), fleet.counted.at(-1)], 'it does not lead').to.deep.equal([undefined, null])
    await first.beat()
    expect(await scheduler(person)).not.to.equal(undefined)
    await first.close()
    await second.beat()
    expect(fleet.counted.at(-1)).not.to.equal(null)
  })

  it('brings back jobs that an older version left aside', async () => {
    const userId = aUser()
    const job = await queue().add('sync-user', { v: 1, userId, trigger: 'poll', requestId: 'r' }, { jobId: 'old_0' })
    await bench.redis.hset(
      `${bench.prefix}:parked:bg-sync`,
      'old_0',
      JSON.stringify({ name: job.name, version: 1, data: job.data, askedAt: 1 }),
    )
    await fleet.reconciler().beat()
    expect(await bench.queues['bg-sync'].getJobCountByTypes('prioritized')).to.equal(1)
  })

  describe('the registry', () => {
    it('forgets an erased person, and takes no late write of an earlier lease', async () => {
      const person = aUser()
      await fleet.connect(person)
      expect(await fleet.registry.entry(person)).to.deep.include({ userId: person, status: 'connected' })
      await fleet.underLease(person, async (lease) => {
        const stale = { ...lease, fence: lease.fence - 1 }
        const connection = await fleet.accounts.connection(person)
        await fleet.accounts.register(person, connection, lease)
        const late = await fleet.accounts.register(person, null, stale).catch((err: { code?: string }) => err.code)
        expect(late).to.equal('lease_lost')
        await fleet.accounts.eraseLog(person, () => undefined)
      })
      expect(await fleet.registry.entry(person)).to.equal(null)
    })
  })
})
