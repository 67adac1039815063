import { randomUUID } from 'node:crypto'
import type { UserId } from '@bg-ingest/domain'
import { createParkedJobs, type ParkedJobs, queueDepths, type SetAside } from '@bg-ingest/queue'
import { expect } from 'chai'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

describe('queue: jobs of another version', () => {
  let server: LocalRedis
  let bench: QueueBench
  let parked: ParkedJobs
  let userId: UserId
  let told: SetAside[]

  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())
  beforeEach(async () => {
    bench = await openQueueBench(server.url)
    parked = createParkedJobs(bench.redis, { prefix: bench.prefix })
    userId = aUser()
    told = []
  })
  afterEach(() => bench.close())

  const queue = () => bench.queues['bg-sync']
  const plant = (name: string, data: object) => queue().add(name, data, { jobId: `${randomUUID()}_0`, priority: 1 })
  const kept = async () => (await parked.counts())['bg-sync']
  const consume = () => {
    const runs: unknown[] = []
    const syncUser = async (data: unknown) => void runs.push(data)
    bench.consume({ syncUser }, { onSetAside: (job) => void told.push(job) })
    return runs
  }

  for (const [what, name, version] of [
    ['a payload of a later version', 'sync-user', 2],
    ['a kind of job that is not known', 'fetch-weather', 1],
  ] as const)
    it(`keeps ${what} as it came, tells of it, and runs nothing`, async () => {
      const data = { v: version, userId, trigger: 'manual', requestId: 'r', mood: 'good' }
      const { id: jobId = '' } = await plant(name, data)
      const runs = consume()
      await until('it is aside', async () => (await kept()) === 1)
      await until('it is told', () => told.length === 1)
      expect(told).to.deep.equal([{ queue: 'bg-sync', name, jobId, version }])
      const stored = JSON.parse((await bench.redis.hget(`${bench.prefix}:parked:bg-sync`, jobId)) ?? '')
      expect(stored).to.deep.include({ name, version, data })
      await until('it has ended', async () => (await queue().getJobState(jobId)) === 'failed')
      expect(runs).to.deep.equal([])
      expect(await parked.unpark(bench.queues, randomUUID), 'this version cannot read it either').to.equal(0)
      expect(await kept()).to.equal(1)
      const depths = await queueDepths(bench.queues, Date.now(), parked)
      expect(depths.find((depth) => depth.queue === 'bg-sync')?.parked).to.equal(1)
    })

  it('brings back, once, what a worker that knows it can read', async () => {
    // As an older version would have left it: a payload that this one reads.
    const data = { v: 1, userId, trigger: 'manual', requestId: 'r' }
    const job = await plant('sync-user', data)
    expect(await parked.park(job)).to.equal(true)
    expect(await parked.park(job), 'twice is once').to.equal(true)
    await job.remove()
    expect(await parked.unpark(bench.queues, randomUUID)).to.equal(1)
    expect(await parked.unpark(bench.queues, randomUUID)).to.equal(0)
    const runs = consume()
    await until('it runs', () => runs.length === 1)
    expect(runs).to.deep.equal([data])
    expect(await kept()).to.equal(0)
  })

  it('reads a job without the fields that came later, and refuses none for having them left out', async () => {
    await plant('sync-user', { v: 1, userId, trigger: 'poll', requestId: 'r' })
    const runs = consume()
    await until('it runs', () => runs.length === 1)
    expect(told).to.deep.equal([])
  })

  it('forgets an erased person, and nobody else', async () => {
    for (const id of [userId, aUser()]) await parked.park(await plant('sync-user', { v: 2, userId: id }))
    expect(await parked.forget(userId)).to.equal(1)
    expect(await kept()).to.equal(1)
  })

  it('leaves a job in its queue where there is no room, rather than throw it away', async () => {
    const full = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`old-${i}`, '{}']))
    await bench.redis.hset(`${bench.prefix}:parked:bg-sync`, full)
    const { id = '' } = await plant('sync-user', { v: 2, userId })
    consume()
    await until('it waits', async () => (await queue().getJobState(id)) === 'delayed')
    expect(told).to.have.length(1)
  })
})
