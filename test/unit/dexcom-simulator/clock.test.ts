import { createVirtualClock } from '@bg-ingest/dexcom-simulator'
import { expect } from 'chai'

describe('simulator: virtual clock', () => {
  it('is the real time unless told otherwise', () => {
    const real = { ms: 1000 }
    const clock = createVirtualClock({ realNow: () => real.ms })
    expect(clock.now()).to.equal(1000)
    real.ms = 2500
    expect(clock.now()).to.equal(2500)
  })

  it('runs from its start at its speed; a change of speed does not make it jump', () => {
    const real = { ms: 0 }
    const clock = createVirtualClock({ startMs: 50_000, speed: 60, realNow: () => real.ms })
    real.ms = 1000
    expect(clock.now()).to.equal(110_000)
    clock.setSpeed(0)
    real.ms = 9000
    expect(clock.now()).to.equal(110_000)
    expect(clock.speed()).to.equal(0)
    expect(clock.startMs).to.equal(50_000)
  })

  it('can be moved and set', () => {
    const real = { ms: 0 }
    const clock = createVirtualClock({ startMs: 0, realNow: () => real.ms })
    clock.advance(5000)
    real.ms = 10
    expect(clock.now()).to.equal(5010)
    clock.set(77)
    expect(clock.now()).to.equal(77)
  })
})
