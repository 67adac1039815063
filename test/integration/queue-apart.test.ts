import type { UserId } from '@bg-ingest/domain'
import { expect } from 'chai'
import { gatesBench } from '../support/gates-bench.ts'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { thrownBy } from '../support/thrown.ts'
import { until } from '../support/until.ts'

const PREFIX = 'bg'
const HOUR_MS = 3_600_000

describe('queue: two environments on one Redis, a database each (K6)', function () {
  this.timeout(20_000)
  let server: LocalRedis
  let first: QueueBench
  let second: QueueBench
  const urlOf = (database: number) => `${server.url}/${database}`
  before(async () => {
    server = await startRedis()
    first = await openQueueBench(urlOf(1), PREFIX)
    second = await openQueueBench(urlOf(2), PREFIX)
  })
  after(async () => {
    await first.close()
    await second.close()
    await server.stop()
  })

  it('run what they were asked for themselves, of the same person too, and lose nothing with the other', async () => {
    const person = aUser()
    const ran: (readonly [string, UserId])[] = []
    for (const [name, bench] of Object.entries({ first, second }))
      bench.consume({ syncUser: async ({ userId }) => void ran.push([name, userId]) })
    await first.schedules.upsert(person, HOUR_MS)
    await second.schedules.upsert(person, HOUR_MS)
    const { jobId } = await first.producer.requestSync({ userId: person, trigger: 'manual', requestId: 'r' })
    await until('the first has run it', () => ran.length > 0)
    expect(await second.reader.status(person, jobId)).to.equal(null)
    await second.redis.flushdb()
    expect([await first.schedules.count(), await second.schedules.count()]).to.deep.equal([1, 0])
    await second.producer.requestSync({ userId: person, trigger: 'manual', requestId: 'r' })
    await until('the second has run its own', () => ran.length > 1)
    expect(ran).to.deep.equal([
      ['first', person],
      ['second', person],
    ])
  })

  it('have a call budget each: a pause of one is none of the other', async () => {
    const [one, other] = [gatesBench(() => urlOf(1)), gatesBench(() => urlOf(2))]
    try {
      const [paused, free] = [one.gate().gate, other.gate().gate]
      const nothing = async () => undefined
      await Promise.all([paused, free].map((gate) => gate.schedule(1, undefined, nothing)))
      paused.pause(60_000)
      const late = one.gate().gate
      await until(
        'its fleet knows',
        async () => (await thrownBy(late.schedule(1, undefined, nothing)))?.code !== undefined,
      )
      expect(await free.schedule(1, undefined, async () => 'went')).to.equal('went')
      expect(await other.gate().gate.schedule(1, undefined, async () => 'went')).to.equal('went')
    } finally {
      await one.close()
      await other.close()
    }
  })
})
