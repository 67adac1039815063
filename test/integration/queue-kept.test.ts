import { AppError } from '@bg-ingest/domain'
import { definitionOf, JOB_KEYS } from '@bg-ingest/queue'
import { expect } from 'chai'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const KEPT_AT_MOST = 10_000
const MORE = 300

describe('queue: what is kept of jobs that failed', function () {
  this.timeout(90_000)
  let server: LocalRedis
  let bench: QueueBench
  before(async () => {
    server = await startRedis()
    bench = await openQueueBench(server.url)
  })
  after(async () => {
    await bench.close()
    await server.stop()
  })

  it('is bounded in number for every kind of job', () => {
    for (const key of JOB_KEYS) {
      const { removeOnFail } = definitionOf(key).options
      const count = removeOnFail === true ? 0 : (removeOnFail as { readonly count?: number }).count
      expect(count, key).to.be.within(0, KEPT_AT_MOST)
    }
  })

  it('takes a bounded place in Redis, however many fail (C13)', async () => {
    const queue = bench.queues['bg-maintenance']
    const { name, options } = definitionOf('examineUser')
    const bytes = async () => Number(/used_memory:(\d+)/.exec(await bench.redis.info('memory'))?.[1])
    const fail = async (count: number) => {
      const jobs = Array.from({ length: count }, () => ({
        name,
        data: { v: 1, userId: aUser() },
        opts: { ...options, priority: 1 },
      }))
      // Some at a time: as one call they would be one message of megabytes.
      for (let from = 0; from < count; from += 500) await queue.addBulk(jobs.slice(from, from + 500))
      await until(
        'all of them have ended',
        async () => (await queue.getJobCountByTypes('prioritized', 'active')) === 0,
        60_000,
      )
    }
    bench.consume({
      examineUser: async () => {
        throw new AppError('not_connected', 'nobody')
      },
    })
    await fail(KEPT_AT_MOST)
    const full = await bytes()
    await fail(MORE)
    expect(await queue.getFailedCount()).to.be.at.most(KEPT_AT_MOST)
    expect(await bytes()).to.be.below(full * 1.1)
  })
})
