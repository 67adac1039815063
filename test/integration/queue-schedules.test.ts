import { nextPollMs, pollOffsetMs, type UserId } from '@bg-ingest/domain'
import { createTickets, forgetUser, queueDepths, userKey } from '@bg-ingest/queue'
import { expect } from 'chai'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const EVERY_MS = 1_000
const HOUR_MS = 3_600_000

describe('queue: schedules, tickets, depths', () => {
  let server: LocalRedis
  let bench: QueueBench
  let userId: UserId

  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())
  beforeEach(async () => {
    bench = await openQueueBench(server.url)
    userId = aUser()
  })
  afterEach(() => bench.close())

  const scheduler = () => bench.queues['bg-tick'].getJobScheduler(userKey(userId, 'poll'))

  it('ticks at the phase of the user, never at once, and asks for nothing but a tick', async () => {
    const ticks: { readonly at: number; readonly userId: UserId }[] = []
    const pollTick = async (data: { readonly userId: UserId }) => void ticks.push({ at: Date.now(), ...data })
    bench.consume({ pollTick })
    const due = nextPollMs(userId, EVERY_MS, Date.now())
    await bench.schedules.upsert(userId, EVERY_MS)
    await until('two ticks', () => ticks.length === 2)
    expect(ticks[0]?.at).to.be.within(due, due + 500)
    expect(ticks[1]?.at).to.be.within(due + EVERY_MS, due + EVERY_MS + 500)
    expect(ticks[0]).to.deep.include({ v: 1, userId })
  })

  it('changes nothing when repeated, moves to the new phase with a new interval, and goes when removed', async () => {
    await bench.schedules.upsert(userId, HOUR_MS)
    const first = await scheduler()
    expect(first?.next).to.equal(nextPollMs(userId, HOUR_MS, Date.now()))
    for (let turn = 0; turn < 3; turn++) await bench.schedules.upsert(userId, HOUR_MS)
    expect(await scheduler()).to.deep.equal(first)
    expect(await bench.schedules.count()).to.equal(1)
    expect(await bench.queues['bg-tick'].getDelayedCount()).to.equal(1)

    await bench.schedules.upsert(userId, 2 * HOUR_MS)
    const second = await scheduler()
    expect(second?.next).to.equal(nextPollMs(userId, 2 * HOUR_MS, Date.now()))
    expect((second?.next ?? 0) % (2 * HOUR_MS)).to.equal(pollOffsetMs(userId, 2 * HOUR_MS))
    expect(await bench.queues['bg-tick'].getDelayedCount()).to.equal(1)

    await bench.schedules.remove(userId)
    await bench.schedules.remove(userId)
    expect(await bench.schedules.count()).to.equal(0)
    expect(await bench.queues['bg-tick'].getDelayedCount()).to.equal(0)
  })

  it('finds a chain that stopped, and an upsert revives it', async () => {
    await bench.schedules.upsert(userId, HOUR_MS)
    expect(await bench.schedules.overdue(0, 10)).to.deep.equal([])
    const queue = bench.queues['bg-tick']
    // What a lost tick leaves behind: a next run in the past and no job for it.
    await bench.redis.zadd(queue.toKey('repeat'), Date.now() - 60_000, userKey(userId, 'poll'))
    await bench.redis.del(queue.toKey('delayed'))
    expect(await bench.schedules.overdue(120_000, 10)).to.deep.equal([])
    expect(await bench.schedules.overdue(30_000, 10)).to.deep.equal([userId])
    await bench.schedules.upsert(userId, HOUR_MS)
    expect(await bench.schedules.overdue(0, 10)).to.deep.equal([])
    expect(await queue.getDelayedCount()).to.equal(1)
  })

  it('hands a ticket out once, to its kind and token alone, and keeps no token', async () => {
    const tickets = createTickets(bench.redis, { prefix: bench.prefix })
    const value = { userId, returnTo: null }
    await tickets.put('state', 'the-token', value, 60_000)
    expect(await tickets.take('start', 'the-token')).to.equal(null)
    expect(await tickets.take('state', 'another')).to.equal(null)
    expect((await bench.redis.keys('*')).join(' ')).to.not.include('the-token')
    const taken = await Promise.all(Array.from({ length: 5 }, () => tickets.take('state', 'the-token')))
    expect(taken.filter((ticket) => ticket !== null)).to.deep.equal([value])

    await tickets.put('start', 'short', value, 20)
    await until('its end', async () => (await bench.redis.keys(`${bench.prefix}:ticket:*`)).length === 0)
    expect(await tickets.take('start', 'short')).to.equal(null)
  })

  it('counts what lies in every queue, and the age of the oldest job that waits', async () => {
    const depths = async (now: number) => {
      const seen = await queueDepths(bench.queues, now)
      const syncs = seen.find(({ queue }) => queue === 'bg-sync')
      return { count: syncs?.jobs.prioritized, seconds: syncs?.oldestSeconds, queues: seen.length }
    }
    expect(await depths(Date.now())).to.deep.equal({ count: 0, seconds: 0, queues: 5 })
    const { jobId } = await bench.producer.requestSync({ userId, trigger: 'poll', requestId: 'r' })
    await bench.producer.requestSync({ userId: aUser(), trigger: 'manual', requestId: 'r' })
    const since = (await bench.queues['bg-sync'].getJob(jobId))?.timestamp ?? 0
    expect(await depths(since + 90_000)).to.deep.equal({ count: 2, seconds: 90, queues: 5 })
  })

  it('forgets every job of one user that does not run, and nobody else', async () => {
    const other = aUser()
    for (const id of [userId, other]) {
      await bench.producer.requestSync({ userId: id, trigger: 'poll', requestId: 'r' })
      await bench.producer.enqueue('importHistory', { v: 1, userId: id }, { delayMs: 60_000 })
      await bench.producer.enqueue('publishChanges', { v: 1, userId: id })
    }
    expect(await forgetUser(bench.queues, userId)).to.equal(3)
    expect(await forgetUser(bench.queues, userId)).to.equal(0)
    expect(await bench.queues['bg-sync'].getJobCountByTypes('prioritized')).to.equal(1)
    const again = await bench.producer.requestSync({ userId, trigger: 'poll', requestId: 'r' })
    expect(again.attached, 'the user is free again').to.equal(false)
  })
})
