import { createVirtualClock } from '@bg-ingest/dexcom-simulator'
import { createAlarms } from '@bg-ingest/dexcom-simulator/parts'
import { expect } from 'chai'
import { until } from '../../support/until.ts'

describe('simulator: alarms', () => {
  const setUp = (speed = 0) => {
    const time = { ms: 0 }
    const clock = createVirtualClock({ startMs: 0, speed, realNow: () => time.ms })
    const rung: string[] = []
    const alarms = createAlarms(clock, () => time.ms)
    const set = (base: 'virtual' | 'real', dueMs: number, name: string) => alarms.at(base, dueMs, () => rung.push(name))
    return { time, clock, rung, alarms, set }
  }

  it('ring in the order of their moments when the clock jumps over several', () => {
    const { clock, rung, set } = setUp()
    set('virtual', 3000, 'third')
    set('virtual', 1000, 'first')
    set('virtual', 1000, 'second')
    set('virtual', 5000, 'never')
    clock.advance(999)
    expect(rung).to.deep.equal([])
    clock.set(4999)
    expect(rung).to.deep.equal(['first', 'second', 'third'])
  })

  it('may set alarms while they ring, and be called off', () => {
    const { clock, rung, alarms, set } = setUp()
    alarms.at('virtual', 10, () => set('virtual', 20, 'inner'))
    set('virtual', 15, 'called off')()
    clock.advance(30)
    expect(rung).to.deep.equal(['inner'])
    set('virtual', 40, 'late')
    alarms.stop()
    clock.advance(100)
    expect(rung).to.deep.equal(['inner'])
  })

  it('ring by themselves as time passes, at the speed of the clock', async () => {
    const clock = createVirtualClock({ startMs: 0, speed: 1000 })
    const alarms = createAlarms(clock, () => performance.now())
    const rung: number[] = []
    alarms.at('virtual', 30_000, () => rung.push(clock.now()))
    alarms.at('real', alarms.now('real') + 10, () => rung.push(0))
    await until('both rang', () => rung.length === 2)
    expect(rung[0]).to.equal(0)
    expect(rung[1]).to.be.within(30_000, 80_000)
    alarms.stop()
  })

  it('of a clock that is set going ring then', async () => {
    const clock = createVirtualClock({ startMs: 0, speed: 0 })
    const alarms = createAlarms(clock, () => performance.now())
    const rung: string[] = []
    alarms.at('virtual', 10_000, () => rung.push('now'))
    clock.setSpeed(1_000_000)
    await until('it rang', () => rung.length === 1)
    alarms.stop()
  })
})
