import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { type GatesBench, gatesBench, SPACING_MS } from '../support/gates-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { thrownBy } from '../support/thrown.ts'
import { until } from '../support/until.ts'

const nothing = async () => undefined
/** What a process assumes that never saw its fleet. */
const UNKNOWN = 8

describe('gate to Dexcom, when Redis or Dexcom says no', () => {
  let server: LocalRedis
  let bench: GatesBench
  const portOf = () => Number(new URL(server.url).port)

  beforeEach(async () => {
    server = await startRedis()
    bench = gatesBench(() => server.url)
  })
  afterEach(async () => {
    await bench.close()
    await server.stop()
  })

  it('starts while Redis is away with an eighth of the budget, and joins its fleet', async () => {
    const port = portOf()
    await server.stop()
    const { gate, spacings, state } = bench.gate()
    await gate.schedule(10, undefined, nothing)
    const startedAt = performance.now()
    for (let i = 0; i < 3; i++) await gate.schedule(10, undefined, nothing)
    expect(performance.now() - startedAt).to.be.within(3 * UNKNOWN * SPACING_MS - 10, 3 * UNKNOWN * SPACING_MS * 1.5)
    expect(state()).to.include({ spacing: 'local', processes: UNKNOWN })
    server = await startRedis(port)
    await until('the fleet is back', () => spacings.at(-1) === 'fleet', 3_000)
    expect(spacings).to.deep.equal(['local', 'fleet'])
    expect(state()).to.include({ spacing: 'fleet', processes: 1 })
  })

  it('goes on at its share where Redis takes no writes, and heals', async () => {
    const admin = await bench.admin()
    await admin.config('SET', 'maxmemory', '1')
    const { gate, spacings } = bench.gate()
    expect(await gate.schedule(1, undefined, async () => 'went')).to.equal('went')
    expect(spacings).to.deep.equal(['local'])
    await admin.config('SET', 'maxmemory', '0')
    await until('the fleet is back', () => spacings.at(-1) === 'fleet')
    expect(await gate.schedule(1, undefined, async () => 'went')).to.equal('went')
  })

  it('goes on where Redis fails between the question and the slot', async () => {
    const { gate, spacings } = bench.gate()
    const admin = await bench.admin()
    await gate.schedule(10, undefined, nothing)
    // Only the script that gives a slot writes here.
    await admin.set('b_bg:gate:default_job_weights', 'not a hash')
    expect(await gate.schedule(10, undefined, async () => 'went')).to.equal('went')
    expect(spacings.at(0)).to.equal('local')
    await admin.del('b_bg:gate:default_job_weights')
    await until('the fleet is back', () => spacings.at(-1) === 'fleet')
    expect(await gate.schedule(10, undefined, async () => 'healed')).to.equal('healed')
  })

  it('counts the calls of the fleet in the present hour, those without Redis too', async () => {
    const { gate: one, spacings, state } = bench.gate()
    const { gate: two } = bench.gate()
    expect(state().remaining).to.equal(72_000)
    for (const gate of [one, two, one, two]) await gate.schedule(10, undefined, nothing)
    await until('both are counted', () => state().remaining === 72_000 - 4 && state().processes === 2)
    const port = portOf()
    await server.stop()
    await until('Redis is missed', () => spacings.at(-1) === 'local')
    for (let i = 0; i < 3; i++) await one.schedule(10, undefined, nothing)
    expect(state().remaining).to.be.within(72_000 - 7, 72_000 - 4)
    server = await startRedis(port)
    const admin = await bench.admin()
    const counted = async () => Number((await admin.hvals('bg:gate:default:calls')).at(0))
    // The restarted Redis has forgotten the first four.
    await until('what nobody counted is told', async () => (await counted()) === 3)
  })

  it('forgets the calls of an hour ago', async () => {
    const admin = await bench.admin()
    const minute = Math.floor(Date.now() / 60_000)
    await admin.hset('bg:gate:default:calls', { [minute - 61]: 500, [minute - 59]: 30, [minute]: 4 })
    const { state } = bench.gate()
    await until('the hour is read', () => state().remaining === 72_000 - 34)
    expect(await admin.hkeys('bg:gate:default:calls')).to.not.include(String(minute - 61))
  })

  it('pauses every process of the region at once, and no other region', async () => {
    const regions = ['default', 'EU']
    const { gate: one } = bench.gate({ regions })
    const { gate: two, gates, state } = bench.gate({ regions })
    await two.schedule(10, undefined, nothing)
    const waiting = Array.from({ length: 5 }, () => thrownBy(two.schedule(10, undefined, nothing)))
    one.pause(60_000)
    await until('the first is refused', async () => (await Promise.race([waiting[0], delay(1, null)])) !== null)
    for (const err of await Promise.all(waiting)) {
      expect(err).to.include({ code: 'upstream_rate_limited' })
      expect(err.retryAfterMs).to.be.within(55_000, 60_000)
    }
    for (const gate of [one, two])
      expect(await thrownBy(gate.schedule(1, undefined, nothing))).to.include({ code: 'upstream_rate_limited' })
    expect(state().pausedSeconds).to.be.within(55, 60)
    expect(await gates.of('EU').schedule(10, undefined, async () => 'went')).to.equal('went')
  })

  it('waits a short pause out', async () => {
    const { gate: one } = bench.gate()
    const { gate: two } = bench.gate()
    await two.schedule(10, undefined, nothing)
    one.pause(800)
    one.pause(300) // NOTE: never shortens
    await delay(50)
    const startedAt = performance.now()
    await Promise.all([one.schedule(10, undefined, nothing), two.schedule(10, undefined, nothing)])
    expect(performance.now() - startedAt).to.be.within(650, 1_500)
  })

  it('keeps a pause through a FLUSHALL, and tells it to who comes later', async () => {
    const { gate: one } = bench.gate()
    const admin = await bench.admin()
    await one.schedule(10, undefined, nothing)
    one.pause(60_000)
    await admin.flushall()
    await until('the pause is told again', async () => (await admin.pttl('bg:gate:default:pause')) > 50_000)
    const { gate: late } = bench.gate()
    expect(await thrownBy(late.schedule(1, undefined, nothing))).to.include({ code: 'upstream_rate_limited' })
  })

  it('keeps a pause while Redis is away', async () => {
    const { gate, spacings } = bench.gate()
    await gate.schedule(10, undefined, nothing)
    await server.stop()
    await until('Redis is missed', () => spacings.at(-1) === 'local')
    gate.pause(60_000)
    gate.pause(1) // NOTE: a shorter one from elsewhere changes nothing
    await delay(5)
    expect(await thrownBy(gate.schedule(1, undefined, nothing))).to.include({ code: 'upstream_rate_limited' })
  })
})
