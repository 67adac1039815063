import { quickBudget } from './quick-budget.ts'
import { quickStore } from './quick-store.ts'
import { quickSync } from './quick-sync.ts'
import { quickValidate } from './quick-validate.ts'

const SLACK = 1.25

/** Runs ratios that need no backends; true where none is a quarter above what it was. Never an absolute time. */
export async function runQuick(tell: (line: string) => void): Promise<boolean> {
  let good = true
  for (const work of [quickValidate, quickSync, quickStore, quickBudget])
    for (const { name, ratio, was } of await work()) {
      const isGood = ratio <= was * SLACK
      tell(`${isGood ? 'ok   ' : 'ABOVE'} ${name}: ${ratio.toFixed(2)}, was ${was.toFixed(2)}`)
      good &&= isGood
    }
  return good
}
