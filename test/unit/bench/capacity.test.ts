import { expect } from 'chai'
import { applicationsFor, callsPerHour, LIMIT_PER_HOUR, SHARE } from '../../bench/capacity-demand.ts'
import { simulatePolls } from '../../bench/capacity-simulation.ts'
import { seededRandom } from '../../bench/seeded-random.ts'

const RHYTHM = { pollSeconds: 900 }

describe('capacity: what so many people need', () => {
  it('asks Dexcom about five times an hour for one person, four of them polls', () => {
    expect(callsPerHour(RHYTHM)).to.be.closeTo(5.09, 0.01)
    expect(callsPerHour({ pollSeconds: 1800 })).to.be.closeTo(3.09, 0.01)
  })

  it('never plans an application above what its gate uses', () => {
    for (const users of [1, 1_000, 8_000, 9_000, 15_000, 1_000_000]) {
      const { count, usersEach, used } = applicationsFor(users, RHYTHM)
      expect(count * usersEach).to.be.at.least(users)
      expect(used, `${users}`).to.be.at.most(0.9 + 1 / usersEach)
    }
    expect(applicationsFor(1_000, RHYTHM).count).to.equal(1)
    expect(applicationsFor(15_000, RHYTHM).count).to.equal(2)
  })

  const simulate = (users: number, pollSeconds = 900) =>
    simulatePolls({ users, pollSeconds, otherCallsPerHour: 1.09, hours: 2, random: seededRandom(1) })

  it('keeps every hour within the limit, and waits short where the budget is not spent', () => {
    const { busiestHour, maxMs, p99Ms } = simulate(8_000)
    expect(busiestHour).to.be.at.most(SHARE)
    expect(p99Ms).to.be.below(5_000)
    expect(maxMs).to.be.below(15_000)
  })

  it('shows an application that is asked for more than it has: full, late, and still within the limit', () => {
    const { busiestHour, used, maxMs } = simulate(12_000)
    expect(used).to.be.above(1)
    expect(busiestHour * LIMIT_PER_HOUR).to.be.closeTo(LIMIT_PER_HOUR * SHARE, 1)
    expect(maxMs).to.be.above(60_000)
  })

  it('would show polls that all fall on one instant', () => {
    const { p50Ms } = simulatePolls({
      users: 1_000,
      pollSeconds: 900,
      otherCallsPerHour: 0,
      hours: 1,
      random: seededRandom(1),
    })
    // All at once the median would wait for 500 slots of 75 ms.
    expect(p50Ms).to.be.below(1_000)
  })

  it('is the same again for the same seed', () => {
    expect(simulate(500)).to.deep.equal(simulate(500))
  })
})
