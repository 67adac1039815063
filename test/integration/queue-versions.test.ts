import { randomUUID } from 'node:crypto'
import type { UserId } from '@bg-ingest/domain'
import { createParkedJobs } from '@bg-ingest/queue'
import { expect } from 'chai'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

describe('queue: versions side by side', () => {
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

  const plant = (queue: 'bg-sync' | 'bg-history' | 'bg-connection', name: string, data: object) =>
    bench.queues[queue].add(name, data, { jobId: `${randomUUID()}_0`, priority: 1 })
  const parked = () => createParkedJobs(bench.redis, { prefix: bench.prefix }).counts()

  it('runs a job of a later version, and leaves out what it does not know of it', async () => {
    const runs: unknown[] = []
    await plant('bg-sync', 'sync-user', {
      v: 1,
      userId,
      trigger: 'manual',
      requestId: 'r',
      mood: 'good',
      range: undefined,
    })
    bench.consume({ syncUser: async (data: unknown) => void runs.push(data) })
    await until('it has run', () => runs.length === 1)
    expect(runs).to.deep.equal([{ v: 1, userId, trigger: 'manual', requestId: 'r' }])
    expect((await parked())['bg-sync']).to.equal(0)
  })

  it('runs a job of an earlier version, which says nothing of the request that led to it', async () => {
    const runs: unknown[] = []
    await plant('bg-history', 'import-history', { v: 1, userId })
    bench.consume({ importHistory: async (data: unknown) => void runs.push(data) })
    await until('it has run', () => runs.length === 1)
    expect(runs).to.deep.equal([{ v: 1, userId }])
    expect((await parked())['bg-history']).to.equal(0)
  })

  it('does not run what must be understood whole: another version of the payload is kept aside', async () => {
    const runs: unknown[] = []
    await plant('bg-connection', 'disconnect-user', { v: 2, userId, erase: true, requestId: 'r', only: 'readings' })
    bench.consume({ disconnectUser: async (data: unknown) => void runs.push(data) })
    await until('it is aside', async () => (await parked())['bg-connection'] === 1)
    expect(runs).to.deep.equal([])
  })
})
