import { expect } from 'chai'
import fc from 'fast-check'
import { script } from './model/actions.ts'
import { play } from './model/play.ts'
import { expectPromises } from './model/promises.ts'
import { SABOTAGES } from './model/sabotage.ts'

/** `MODEL_SEED=… MODEL_RUNS=…` repeat or lengthen a search; the title of the test tells its seed. */
const seed = Number(process.env.MODEL_SEED ?? Date.now() % 1_000_000_000)
const runs = Number(process.env.MODEL_RUNS ?? 10_000)

describe('syncs side by side, with crashes, zombies and lost answers', () => {
  it(`keep every promise: ${runs} scripts, seed ${seed}`, async function () {
    this.timeout(300_000)
    await fc.assert(
      fc.asyncProperty(script, async (actions) => expectPromises(await play(actions))),
      { seed, numRuns: runs },
    )
  })

  describe('break one, and the model shows it, without', () => {
    for (const [part, sabotage] of Object.entries(SABOTAGES))
      it(part, async function () {
        this.timeout(120_000)
        const property = fc.asyncProperty(script, async (actions) => expectPromises(await play(actions, sabotage)))
        const { failed } = await fc.check(property, { seed: 1, numRuns: 20_000, endOnFailure: true })
        expect(failed).to.equal(true)
      })
  })
})
