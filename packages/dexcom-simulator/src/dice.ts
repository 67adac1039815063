import { chance, hashText } from './generator/hash.ts'

/** A number in [0, 1), another one at each call; the same seed gives the same row of them. */
export type Dice = () => number

const SALT_DICE = 60

export function createDice(seed: string): Dice {
  const hashed = hashText(seed)
  let thrown = 0
  return () => {
    thrown += 1
    return chance(hashed, SALT_DICE, thrown)
  }
}
