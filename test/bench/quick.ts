import { quickBudget } from './quick-budget.ts'
import { quickStore } from './quick-store.ts'
import { quickSync } from './quick-sync.ts'
import { quickValidate } from './quick-validate.ts'

const SLACK = 1.25
/** Neighbours on a processor make a ratio worse for a while, a regression for good: the least of so many counts. */
const TRIES = 3

interface Ratio {
  readonly name: string
  readonly ratio: number
  readonly was: number
}

const isGood = ({ ratio, was }: Ratio) => ratio <= was * SLACK

async function leastOf(work: () => Promise<readonly Ratio[]>): Promise<readonly Ratio[]> {
  let least = await work()
  for (let tries = 1; tries < TRIES && !least.every(isGood); tries += 1) {
    const again = await work()
    least = least.map((one, i) => ({ ...one, ratio: Math.min(one.ratio, again[i]?.ratio ?? one.ratio) }))
  }
  return least
}

/** Runs ratios that need no backends; true where none is a quarter above what it was. Never an absolute time. */
export async function runQuick(tell: (line: string) => void): Promise<boolean> {
  let good = true
  for (const work of [quickValidate, quickSync, quickStore, quickBudget])
    for (const one of await leastOf(work)) {
      tell(`${isGood(one) ? 'ok   ' : 'ABOVE'} ${one.name}: ${one.ratio.toFixed(2)}, was ${one.was.toFixed(2)}`)
      good &&= isGood(one)
    }
  return good
}
