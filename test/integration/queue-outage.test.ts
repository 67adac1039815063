import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { AppError } from '@bg-ingest/domain'
import { connectForRequests, connectForWork, createProducer, createTickets } from '@bg-ingest/queue'
import { expect } from 'chai'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'

/** The promise of the package: a caller has an answer within this many milliseconds. */
const LIMIT_MS = 1_500

async function expectUnavailable(call: Promise<unknown>): Promise<void> {
  const from = performance.now()
  const error = await call.then(
    () => null,
    (err: unknown) => err,
  )
  expect(performance.now() - from).to.be.below(LIMIT_MS)
  expect(error).to.be.instanceOf(AppError)
  expect(error).to.include({ code: 'service_unavailable' })
  expect((error as AppError).retryAfterMs).to.be.greaterThan(0)
}

describe('queue: Redis is away', () => {
  let server: LocalRedis
  let bench: QueueBench

  beforeEach(async () => {
    server = await startRedis()
    bench = await openQueueBench(server.url)
    await bench.producer.requestSync({ userId: aUser(), trigger: 'poll', requestId: 'r' })
  })
  afterEach(async () => {
    await server.stop()
    await bench.close()
  })

  const calls = () => ({
    requestSync: () => bench.producer.requestSync({ userId: aUser(), trigger: 'manual', requestId: 'r' }),
    enqueue: () => bench.producer.enqueue('importHistory', { v: 1, userId: aUser() }),
    status: () => bench.reader.status(aUser(), `${randomUUID()}_0`),
    wait: () => bench.reader.wait(aUser(), `${randomUUID()}_0`, 10_000),
    ticket: () => createTickets(bench.redis).take('state', 'x'),
  })

  it('answers service_unavailable within 1.5 s while Redis is frozen, and works once it thaws', async function () {
    this.timeout(20_000)
    process.kill(server.pid, 'SIGSTOP')
    for (const call of Object.values(calls())) await expectUnavailable(call())
    const bare = await bench.redis.ping().catch((err: Error) => err.message)
    expect(bare, 'what others do over this connection').to.equal('Command timed out')
    process.kill(server.pid, 'SIGCONT')
    expect(await calls().requestSync()).to.have.property('jobId')
  })

  it('answers service_unavailable within 1.5 s while Redis is down', async function () {
    this.timeout(20_000)
    await server.stop()
    for (const call of Object.values(calls())) await expectUnavailable(call())
  })

  it('answers service_unavailable where Redis is full and takes nothing, and works once there is room (C5)', async function () {
    this.timeout(20_000)
    const { requestSync, enqueue } = calls()
    await bench.redis.config('SET', 'maxmemory', '1')
    for (const call of [requestSync, enqueue]) await expectUnavailable(call())
    await bench.redis.config('SET', 'maxmemory', '0')
    expect(await requestSync()).to.have.property('jobId')
  })

  for (const [kind, connect] of [
    ['requests', connectForRequests],
    ['work', connectForWork],
  ] as const) {
    it(`survives a start without Redis over a connection for ${kind}, and works once Redis is there`, async function () {
      this.timeout(20_000)
      const port = Number(new URL(server.url).port)
      await server.stop()
      const redis = connect(server.url, { onError: () => undefined })
      const producer = createProducer(redis, { now: Date.now, newId: randomUUID })
      const ask = () => producer.requestSync({ userId: aUser(), trigger: 'manual', requestId: 'r' })
      await expectUnavailable(ask())
      server = await startRedis(port)
      if (redis.status !== 'ready') await once(redis, 'ready')
      expect(await ask()).to.have.property('jobId')
      await producer.close()
      redis.disconnect()
    })
  }
})
