import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'
import { type GatesBench, gatesBench, SPACING_MS } from '../support/gates-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { thrownBy as thrown } from '../support/thrown.ts'

const nothing = async () => undefined
/** One call a second. */
const SLOW = 3600 / 0.8

describe('gate to Dexcom, on Redis', () => {
  let server: LocalRedis
  let bench: GatesBench

  beforeEach(async () => {
    server = await startRedis()
    bench = gatesBench(() => server.url)
  })
  afterEach(async () => {
    await bench.close()
    await server.stop()
  })

  it('spaces the calls of two processes evenly', async () => {
    const { gate: one } = bench.gate()
    const { gate: two } = bench.gate()
    const starts: number[] = []
    const call = async () => starts.push(performance.now())
    await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).schedule(10, undefined, call)))
    starts.sort((a, b) => a - b)
    const spanMs = (starts.at(-1) ?? 0) - (starts[0] ?? 0)
    expect(spanMs).to.be.within(19 * SPACING_MS * 0.9, 19 * SPACING_MS * 3)
    // A loaded machine starts a call late, never early: so five calls may come close, and never at once.
    for (const [i, start] of starts.entries()) {
      const fifth = starts[i + 4]
      if (fifth !== undefined) expect(fifth - start).to.be.above(SPACING_MS)
    }
  })

  it('gives each region a budget of its own', async () => {
    const { gates } = bench.gate({ regions: ['default', 'EU'], perHour: SLOW })
    const startedAt = performance.now()
    const both = ['default', 'EU'].map(async (region) => {
      await gates.of(region).schedule(10, undefined, nothing)
      await gates.of(region).schedule(10, undefined, nothing)
    })
    await Promise.all(both)
    expect(performance.now() - startedAt).to.be.within(990, 1_900)
    expect(() => gates.of('JP'))
      .to.throw(AppError)
      .with.property('code', 'upstream_misconfigured')
  })

  it('answers what the call answers, and rejects as it rejects', async () => {
    const { gate } = bench.gate()
    expect(await gate.schedule(1, undefined, async () => 42)).to.equal(42)
    const failure = new Error('of the call')
    const outcome = gate.schedule(1, undefined, () => Promise.reject(failure))
    expect(await outcome.catch((err: unknown) => err)).to.equal(failure)
  })

  it('lets urgent calls overtake', async () => {
    const { gate } = bench.gate()
    const order: string[] = []
    const enter = (name: string, priority: number) => gate.schedule(priority, undefined, async () => order.push(name))
    await enter('first', 100)
    const waiting = [enter('history', 100), enter('history', 100), enter('poll', 10), enter('webhook', 2)]
    await Promise.all([...waiting, enter('manual', 1)])
    expect(order).to.deep.equal(['first', 'manual', 'webhook', 'poll', 'history', 'history'])
  })

  it('lets history through under polls that never end', async () => {
    const { gate } = bench.gate({ perHour: 450_000 })
    const made = { poll: 0, history: 0 }
    let running = true
    const keepAsking = async (kind: keyof typeof made, priority: number) => {
      while (running) await gate.schedule(priority, undefined, async () => (made[kind] += 1))
    }
    const lines = [...Array.from({ length: 8 }, () => keepAsking('poll', 10)), keepAsking('history', 100)]
    while (made.poll < 84) await gate.schedule(10, undefined, async () => (made.poll += 1))
    running = false
    await Promise.all(lines)
    // Two of fourteen turns.
    expect(made.history).to.be.within(11, 18)
  })

  it('does not hold the place of a call that was given up', async () => {
    const { gate } = bench.gate({ perHour: SLOW })
    const calls: string[] = []
    await gate.schedule(10, undefined, async () => calls.push('first'))
    const lease = new AbortController()
    const waiting = Array.from({ length: 5 }, () => gate.schedule(10, lease.signal, async () => calls.push('given up')))
    const last = gate.schedule(10, undefined, async () => calls.push('last'))
    const startedAt = performance.now()
    lease.abort(new AppError('lease_lost', 'The lease ended'))
    for (const call of waiting) expect(await thrown(call)).to.include({ code: 'lease_lost' })
    expect(performance.now() - startedAt).to.be.below(500)
    await last
    expect(calls).to.deep.equal(['first', 'last'])
    // None of the five took a slot of one second.
    expect(performance.now() - startedAt).to.be.below(1_500)
    expect(await thrown(gate.schedule(1, lease.signal, nothing))).to.include({ code: 'lease_lost' })
  })

  it('goes on after FLUSHALL between two calls', async () => {
    const { gate, spacings } = bench.gate()
    const admin = await bench.admin()
    await gate.schedule(10, undefined, nothing)
    await admin.flushall()
    expect(await gate.schedule(10, undefined, async () => 'healed')).to.equal('healed')
    await admin.flushall()
    await Promise.all(Array.from({ length: 5 }, () => gate.schedule(10, undefined, nothing)))
    expect(spacings).to.deep.equal([])
  })

  it('goes on after the fleet forgot this process', async () => {
    const { gate, spacings } = bench.gate()
    const admin = await bench.admin()
    await gate.schedule(10, undefined, nothing)
    // What another process does to one that was silent for ten seconds.
    const forgotten = await admin.keys('b_bg:gate:default_client_*')
    expect(forgotten.length).to.be.above(0)
    await admin.del(forgotten)
    expect(await gate.schedule(10, undefined, async () => 'healed')).to.equal('healed')
    expect(spacings).to.deep.equal([])
  })

  it('is not moved by one process whose clock is an hour ahead', async () => {
    const { gate: ahead } = bench.gate()
    const { gate } = bench.gate()
    const trueNow = Date.now
    Date.now = () => trueNow() + 3_600_000
    try {
      await ahead.schedule(10, undefined, nothing)
    } finally {
      Date.now = trueNow
    }
    const startedAt = performance.now()
    await gate.schedule(10, undefined, nothing)
    expect(performance.now() - startedAt).to.be.below(1_000)
  })

  it('takes a new setting over from what Redis remembers', async () => {
    const { gate: slow } = bench.gate({ perHour: SLOW })
    await slow.schedule(10, undefined, nothing)
    const { gate: quick } = bench.gate()
    await quick.schedule(10, undefined, nothing)
    const startedAt = performance.now()
    for (let i = 0; i < 5; i++) await quick.schedule(10, undefined, nothing)
    expect(performance.now() - startedAt).to.be.below(2_000)
  })

  it('refuses what waits when it stops', async () => {
    const { gate, gates, spacings } = bench.gate({ perHour: SLOW })
    const admin = await bench.admin()
    await gate.schedule(10, undefined, nothing)
    const waiting = Array.from({ length: 3 }, () => thrown(gate.schedule(10, undefined, nothing)))
    await gates.stop()
    for (const err of await Promise.all(waiting)) expect(err).to.include({ code: 'service_unavailable' })
    expect(await thrown(gate.schedule(1, undefined, nothing))).to.include({ code: 'service_unavailable' })
    expect(await admin.zcard('bg:gate:default:members')).to.equal(0)
    // An end is no outage, and nobody is called for it.
    expect(spacings).to.deep.equal([])
  })
})
