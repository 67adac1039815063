import { leaseDelayMs, pauseMs, retryDelayMs } from '@bg-ingest/queue'
import { expect } from 'chai'

const LOW = () => 0
const HIGH = () => 1 - Number.EPSILON

describe('queue: delays', () => {
  for (const [attempts, ceiling] of [
    [1, 2_000],
    [2, 4_000],
    [8, 256_000],
    [9, 300_000],
    [2_000, 300_000],
  ] as const) {
    it(`draws from 1 s to ${ceiling} ms after ${attempts} failed tries`, () => {
      expect(retryDelayMs(attempts, LOW)).to.equal(1_000)
      expect(retryDelayMs(attempts, HIGH)).to.equal(ceiling)
    })
  }

  it('looks at a taken lease every 200 ms for 15 starts, then every second', () => {
    expect(leaseDelayMs(1, LOW)).to.equal(200)
    expect(leaseDelayMs(15, HIGH)).to.equal(250)
    expect(leaseDelayMs(16, LOW)).to.equal(1_000)
    expect(leaseDelayMs(16, HIGH)).to.equal(1_250)
  })

  it('never pauses for less than was asked', () => {
    expect(pauseMs(30_000, LOW)).to.equal(30_000)
    expect(pauseMs(30_000, HIGH)).to.equal(33_000)
    expect(pauseMs(-5, HIGH)).to.equal(0)
  })
})
