import { createFaults, drawLatency, FaultRule } from '@bg-ingest/dexcom-simulator/parts'
import { expect } from 'chai'

const asked = (more: object = {}) =>
  ({ endpoint: 'egvs', user: 'ada', region: 'us', clientId: 'app', ...more }) as const
const rule = (more: object) => FaultRule.parse({ endpoint: 'egvs', status: 503, ...more })

function setUp(dice: readonly number[] = [0]) {
  const time = { virtual: 0, real: 0 }
  let thrown = 0
  const faults = createFaults({ dice: () => dice[thrown++ % dice.length] ?? 0, nowMs: (clock) => time[clock] })
  return { faults, time }
}

describe('simulator: fault rules', () => {
  it('fit by endpoint and user, in the order given, and are used up', () => {
    const { faults } = setUp()
    faults.add(rule({ user: 'ada', count: 2 }))
    faults.add(rule({ endpoint: 'any', count: 1, status: 500 }))
    expect(faults.take(asked({ user: 'bob' }))?.status).to.equal(500)
    expect(faults.take(asked({ user: 'bob' }))).to.equal(null)
    expect(faults.take(asked())?.status).to.equal(503)
    expect(faults.list()).to.have.lengthOf(1)
    expect(faults.take(asked())?.status).to.equal(503)
    expect(faults.take(asked())).to.equal(null)
  })

  it('fit by region, application and any of several people', () => {
    const { faults } = setUp()
    faults.add(rule({ region: 'eu', status: 501 }))
    faults.add(rule({ clientId: 'other', status: 502 }))
    faults.add(rule({ users: ['bob', 'cy'], status: 504 }))
    expect(faults.take(asked())).to.equal(null)
    expect(faults.take(asked({ region: 'eu' }))?.status).to.equal(501)
    expect(faults.take(asked({ clientId: 'other' }))?.status).to.equal(502)
    expect(faults.take(asked({ user: 'cy' }))?.status).to.equal(504)
    expect(faults.take(asked({ user: null }))).to.equal(null)
  })

  it('hit by chance, and use up only what they hit', () => {
    const { faults } = setUp([0.5, 0.09])
    faults.add(rule({ probability: 0.1, count: 1 }))
    expect(faults.take(asked())).to.equal(null)
    expect(faults.take(asked())?.status).to.equal(503)
    expect(faults.list()).to.deep.equal([])
  })

  it('hold from a moment to another one, of either clock', () => {
    for (const clock of ['virtual', 'real'] as const) {
      const { faults, time } = setUp()
      faults.add(rule({ fromMs: 1000, toMs: 2000, clock }))
      const hits = [999, 1000, 1999, 2000].map((ms) => {
        time[clock] = ms
        return faults.take(asked()) !== null
      })
      expect(hits, clock).to.deep.equal([false, true, true, false])
    }
  })

  it('hold for a part of every day, also over midnight', () => {
    const { faults, time } = setUp()
    const at = (hours: number, minutes: number, day = 0) => ((day * 24 + hours) * 60 + minutes) * 60_000
    const hits = (moments: readonly number[]) =>
      moments.map((ms) => {
        time.virtual = ms
        return faults.take(asked()) !== null
      })
    faults.add(rule({ daily: { from: '10:45', to: '11:45' } }))
    expect(hits([at(10, 44), at(10, 45), at(11, 44, 7), at(11, 45)])).to.deep.equal([false, true, true, false])
    faults.clear()
    faults.add(rule({ daily: { from: '23:30', to: '00:30' } }))
    expect(hits([at(23, 29), at(23, 30), at(0, 29), at(0, 30)])).to.deep.equal([false, true, true, false])
  })

  it('must do something, and one thing', () => {
    for (const bad of [
      { count: 1 },
      { status: 500, sattus: 1 },
      { status: 500, count: 0 },
      { status: 500, probability: 2 },
      { dropConnection: 'before', action: { kind: 'gzip' } },
      { action: { kind: 'wrong-length', by: 0 } },
    ]) {
      expect(FaultRule.safeParse({ endpoint: 'egvs', ...bad }).success, JSON.stringify(bad)).to.equal(false)
    }
  })
})

describe('simulator: latency', () => {
  it('has the median and the 99th percentile that it is given', () => {
    let state = 1
    // Park and Miller's generator: the test needs even numbers, the same each time.
    const dice = () => {
      state = (state * 48_271) % 2_147_483_647
      return state / 2_147_483_647
    }
    const latency = { kind: 'latency', p50Ms: 200, p99Ms: 5000, spikeMs: 35_000, spikeShare: 0 } as const
    const drawn = Array.from({ length: 20_000 }, () => drawLatency(latency, dice)).toSorted((a, b) => a - b)
    expect(drawn[10_000]).to.be.within(190, 210)
    expect(drawn[19_800]).to.be.within(4300, 5800)
    const spikes = Array.from({ length: 5000 }, () => drawLatency({ ...latency, spikeShare: 0.1 }, dice))
    expect(spikes.filter((ms) => ms === 35_000).length / 5000).to.be.within(0.08, 0.12)
  })
})
