import { nextPollMs, pollOffsetMs, UserId } from '@bg-ingest/domain'
import { expect } from 'chai'
import fc from 'fast-check'

const userId = fc.stringMatching(/^[A-Za-z0-9._~@|:+=-]{1,128}$/).map((text) => UserId.parse(text))
const every = fc.integer({ min: 2, max: 86_400_000 })

describe('the phase of a poll', () => {
  it('lies inside the interval and is never 0, which the queue takes for none', () => {
    fc.assert(
      fc.property(userId, every, (user, everyMs) => {
        expect(pollOffsetMs(user, everyMs)).to.be.within(1, everyMs - 1)
        expect(pollOffsetMs(user, everyMs)).to.equal(pollOffsetMs(user, everyMs))
      }),
    )
    expect(pollOffsetMs(UserId.parse('alice'), 2)).to.equal(1)
  })

  it('spreads people over the interval', () => {
    const tenths = new Array<number>(10).fill(0)
    for (let i = 0; i < 10_000; i += 1) {
      const tenth = Math.floor(pollOffsetMs(UserId.parse(`user-${i}`), 900_000) / 90_000)
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    // 1000 expected in each; six standard deviations of 30.
    for (const count of tenths) expect(count).to.be.within(820, 1180)
  })

  it('gives the first poll at or after a moment', () => {
    fc.assert(
      fc.property(userId, every, fc.integer({ min: 1e12, max: 2e12 }), (user, everyMs, atMs) => {
        const next = nextPollMs(user, everyMs, atMs)
        expect(next).to.be.within(atMs, atMs + everyMs - 1)
        expect(next % everyMs).to.equal(pollOffsetMs(user, everyMs))
        expect(nextPollMs(user, everyMs, next)).to.equal(next)
        expect(nextPollMs(user, everyMs, next + 1)).to.equal(next + everyMs)
      }),
    )
  })
})
