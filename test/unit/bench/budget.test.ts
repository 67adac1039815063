import { expect } from 'chai'
import { type Budget, simulateBudget } from '../../bench/budget-simulation.ts'
import { createTimeline } from '../../bench/timeline.ts'

/** A hundredth of the people and of the calls of `pnpm bench dexcom-budget`. */
const BUDGET: Budget = {
  users: 200,
  pollMs: 900_000,
  slotMs: 7_500,
  concurrency: 2,
  hours: 3,
  manualPerHour: 6,
  storm: { fromHour: 2, toHour: 3 },
}

describe('the simulation of the call budget', () => {
  it('uses every slot, no more, and polls all alike, where more is asked than there is', async () => {
    const { used, busiestHour, fairness } = await simulateBudget(BUDGET)
    expect(used).to.be.within(0.97, 1.001)
    expect(busiestHour).to.be.at.most(3_600_000 / BUDGET.slotMs + 1)
    expect(fairness).to.be.above(0.95)
  })

  it('uses what is asked for where that is less: four polls an hour, a third of a look at the rest, a renewal in 110 minutes', async () => {
    const { calls } = await simulateBudget({ ...BUDGET, users: 20, manualPerHour: 0.001 })
    expect(calls).to.be.within(20 * 3 * 4, 20 * 3 * (4 + 0.34 + 0.55) + 60)
  })

  it('is the same again', async () => {
    expect(await simulateBudget(BUDGET)).to.deep.equal(await simulateBudget(BUDGET))
  })
})

describe('a virtual clock', () => {
  it('runs what is due in order of time, and of asking where the time is the same, what it sets free included', async () => {
    const { at, until, now, runUntil } = createTimeline()
    const seen: string[] = []
    const see = (what: string) => () => void seen.push(`${what} at ${now()}`)
    at(30, see('late'))
    at(10, see('first'))
    at(10, see('second'))
    void until(20).then(async () => {
      see('woken')()
      await until(25)
      see('again')()
    })
    at(99, see('never'))
    await runUntil(50)
    expect(seen).to.deep.equal(['first at 10', 'second at 10', 'woken at 20', 'again at 25', 'late at 30'])
    expect(now()).to.equal(50)
  })
})
