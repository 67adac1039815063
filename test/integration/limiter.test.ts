import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createGate, type Gate } from '@bg-ingest/dexcom'
import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const SPACING_MS = 50
/** 90,000 calls an hour at 80 % are one each 50 ms. */
const PER_HOUR = 90_000

describe('gate to Dexcom, on Redis', () => {
  let server: LocalRedis
  const open: (() => unknown)[] = []

  beforeEach(async () => {
    server = await startRedis()
    open.push(() => server.stop())
  })
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close()
  })

  async function aClient(): Promise<Redis> {
    const redis = new Redis(server.url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      commandTimeout: 500,
      retryStrategy: () => 50,
    })
    redis.on('error', () => undefined)
    open.push(() => redis.disconnect())
    await once(redis, 'ready')
    return redis
  }

  async function aGate(id: string, perHour = PER_HOUR): Promise<{ gate: Gate; redis: Redis }> {
    const redis = await aClient()
    const gate = createGate({ redis, perHour, id })
    open.push(() => gate.stop())
    return { gate, redis }
  }

  const refused = async (call: Promise<unknown>): Promise<AppError> => {
    const outcome = await call.catch((err: unknown) => err)
    if (outcome instanceof AppError) return outcome
    throw new Error('expected an AppError')
  }

  it('spaces the calls of two processes evenly', async () => {
    const id = randomUUID()
    const { gate: one } = await aGate(id)
    const { gate: two } = await aGate(id)
    const starts: number[] = []
    const call = async () => starts.push(performance.now())
    await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).schedule(10, undefined, call)))
    starts.sort((a, b) => a - b)
    const spanMs = (starts.at(-1) ?? 0) - (starts[0] ?? 0)
    expect(spanMs).to.be.within(19 * SPACING_MS - 10, 19 * SPACING_MS * 1.5)
    // A loaded machine starts a call late, never early: no three calls within less than two spacings.
    for (const [i, start] of starts.entries()) {
      const second = starts[i + 4]
      if (second !== undefined) expect(second - start).to.be.above(3 * SPACING_MS)
    }
  })

  it('answers what the call answers, and rejects as it rejects', async () => {
    const { gate } = await aGate(randomUUID())
    expect(await gate.schedule(1, undefined, async () => 42)).to.equal(42)
    const failure = new Error('of the call')
    const outcome = gate.schedule(1, undefined, () => Promise.reject(failure))
    expect(await outcome.catch((err: unknown) => err)).to.equal(failure)
  })

  it('lets urgent calls overtake', async () => {
    const { gate } = await aGate(randomUUID())
    const order: string[] = []
    const enter = (name: string, priority: number) => gate.schedule(priority, undefined, async () => order.push(name))
    await enter('first', 10)
    const waiting = [enter('history', 100), enter('history', 100), enter('poll', 10), enter('webhook', 2)]
    await Promise.all([...waiting, enter('manual', 1)])
    // The one that already holds the next slot keeps it.
    expect(order).to.deep.equal(['first', 'history', 'manual', 'webhook', 'poll', 'history'])
  })

  it('does not hold the place of a call that was given up', async () => {
    const { gate } = await aGate(randomUUID(), 3600 / 0.8)
    const calls: string[] = []
    await gate.schedule(10, undefined, async () => calls.push('first'))
    const lease = new AbortController()
    const waiting = Array.from({ length: 5 }, () => gate.schedule(10, lease.signal, async () => calls.push('given up')))
    const last = gate.schedule(10, undefined, async () => calls.push('last'))
    const startedAt = performance.now()
    lease.abort(new AppError('lease_lost', 'The lease ended'))
    for (const call of waiting) expect(await refused(call)).to.include({ code: 'lease_lost' })
    expect(performance.now() - startedAt).to.be.below(500)
    await last
    expect(calls).to.deep.equal(['first', 'last'])
    // One second each: the first of the five had the next slot, the others took none.
    expect(performance.now() - startedAt).to.be.below(3_000)
    expect(await refused(gate.schedule(1, lease.signal, async () => 1))).to.include({ code: 'lease_lost' })
  }).timeout(10_000)

  it('goes on after FLUSHALL', async () => {
    const { gate, redis } = await aGate(randomUUID())
    await gate.schedule(10, undefined, async () => undefined)
    await redis.flushall()
    expect(await gate.schedule(10, undefined, async () => 'healed')).to.equal('healed')
    await redis.flushall()
    await Promise.all(Array.from({ length: 5 }, () => gate.schedule(10, undefined, async () => undefined)))
  })

  it('goes on after the fleet forgot this process', async () => {
    const id = randomUUID()
    const { gate, redis } = await aGate(id)
    await gate.schedule(10, undefined, async () => undefined)
    // What another process does to one that was silent for ten seconds.
    const forgotten = await redis.keys(`b_${id}_client_*`)
    expect(forgotten.length).to.be.above(0)
    await redis.del(forgotten)
    expect(await gate.schedule(10, undefined, async () => 'healed')).to.equal('healed')
  })

  it('is not moved by one process whose clock is an hour ahead', async () => {
    const id = randomUUID()
    const { gate: ahead } = await aGate(id)
    const { gate } = await aGate(id)
    const trueNow = Date.now
    Date.now = () => trueNow() + 3_600_000
    try {
      await ahead.schedule(10, undefined, async () => undefined)
    } finally {
      Date.now = trueNow
    }
    const startedAt = performance.now()
    await gate.schedule(10, undefined, async () => undefined)
    expect(performance.now() - startedAt).to.be.below(1_000)
  })

  it('takes a new setting over from what Redis remembers', async () => {
    const id = randomUUID()
    const { gate: slow } = await aGate(id, 3600 / 0.8)
    await slow.schedule(10, undefined, async () => undefined)
    const { gate: quick } = await aGate(id)
    await quick.schedule(10, undefined, async () => undefined)
    const startedAt = performance.now()
    for (let i = 0; i < 5; i++) await quick.schedule(10, undefined, async () => undefined)
    expect(performance.now() - startedAt).to.be.below(2_000)
  })

  it('refuses within a second while Redis is dead, and heals when it is back', async () => {
    const { gate, redis } = await aGate(randomUUID())
    await gate.schedule(10, undefined, async () => undefined)
    await server.stop()
    let called = false
    const startedAt = performance.now()
    const calls = Array.from({ length: 10 }, () => refused(gate.schedule(10, undefined, async () => (called = true))))
    for (const err of await Promise.all(calls)) {
      expect(err).to.include({ code: 'service_unavailable' })
      expect(err.retryAfterMs).to.be.above(0)
    }
    expect(performance.now() - startedAt).to.be.below(1_000)
    expect(called).to.equal(false)
    server = await startRedis(Number(new URL(server.url).port))
    await until('Redis is back', () => redis.status === 'ready')
    expect(await gate.schedule(10, undefined, async () => 'healed')).to.equal('healed')
  }).timeout(10_000)

  it('refuses while Redis is frozen', async () => {
    const { gate } = await aGate(randomUUID())
    await gate.schedule(10, undefined, async () => undefined)
    process.kill(server.pid, 'SIGSTOP')
    const startedAt = performance.now()
    expect(await refused(gate.schedule(10, undefined, async () => undefined))).to.include({
      code: 'service_unavailable',
    })
    expect(performance.now() - startedAt).to.be.below(2_000)
    process.kill(server.pid, 'SIGCONT')
    await until('the gate opens', () => gate.schedule(10, undefined, async () => true).catch(() => false))
  }).timeout(10_000)

  it('starts while Redis is away, and heals', async () => {
    const { port } = new URL(server.url)
    await server.stop()
    const redis = new Redis(server.url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, retryStrategy: () => 50 })
    redis.on('error', () => undefined)
    open.push(() => redis.disconnect())
    const gate = createGate({ redis, perHour: PER_HOUR, id: randomUUID() })
    open.push(() => gate.stop())
    const startedAt = performance.now()
    expect(await refused(gate.schedule(1, undefined, async () => 1))).to.include({ code: 'service_unavailable' })
    expect(performance.now() - startedAt).to.be.below(1_000)
    server = await startRedis(Number(port))
    await until('the gate opens', () => gate.schedule(1, undefined, async () => true).catch(() => false))
  }).timeout(10_000)

  it('heals from a Redis that refused its first scripts', async () => {
    const admin = await aClient()
    await admin.config('SET', 'maxmemory', '1')
    const { gate } = await aGate(randomUUID())
    expect(await refused(gate.schedule(1, undefined, async () => 1))).to.include({ code: 'service_unavailable' })
    await admin.config('SET', 'maxmemory', '0')
    await until('the gate opens', () => gate.schedule(1, undefined, async () => true).catch(() => false))
  })

  it('refuses where Redis fails between the question and the slot', async () => {
    const id = randomUUID()
    const { gate, redis } = await aGate(id)
    await gate.schedule(10, undefined, async () => undefined)
    // Only the script that gives a slot writes here.
    await redis.set(`b_${id}_job_weights`, 'not a hash')
    expect(await refused(gate.schedule(10, undefined, async () => 1))).to.include({ code: 'service_unavailable' })
    await redis.del(`b_${id}_job_weights`)
    expect(await gate.schedule(10, undefined, async () => 'healed')).to.equal('healed')
  })

  it('refuses what waits when it stops, and leaves the client alone', async () => {
    const { gate, redis } = await aGate(randomUUID(), 3600 / 0.8)
    await gate.schedule(10, undefined, async () => undefined)
    const waiting = Array.from({ length: 3 }, () => refused(gate.schedule(10, undefined, async () => 1)))
    await gate.stop()
    for (const err of await Promise.all(waiting)) expect(err).to.include({ code: 'service_unavailable' })
    expect(await refused(gate.schedule(1, undefined, async () => 1))).to.include({ code: 'service_unavailable' })
    expect(await redis.ping()).to.equal('PONG')
  })
})
