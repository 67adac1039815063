import { seededRandom } from '../bench/seeded-random.ts'
import type { KillOrder } from './kill-order.ts'

/** Where a worker may die by chance; those of packages/ingest/src/steps.ts that every sync with news passes. */
const STEPS = [
  'lease-wanted',
  'lease-taken',
  'adopted',
  'caught-up',
  'fetched',
  'claimed',
  'writing',
  'written',
  'publishing',
  'published',
  'finishing',
  'finished',
]
const MOST_PASSAGES = 4
const MOST_DELAY_MS = 20

/** Orders by chance, the same for the same seed. */
export function killDice(seed: number): () => KillOrder {
  const below = (limit: number) => Math.floor(draw() * limit)
  const draw = seededRandom(seed)
  return () => ({
    step: STEPS[below(STEPS.length)] ?? 'fetched',
    passage: 1 + below(MOST_PASSAGES),
    // Inside the step, behind it, or while its calls are under way.
    when: (['now', 'next', 1 + below(MOST_DELAY_MS)] as const)[below(3)] ?? 'now',
  })
}

/** A seed of 32 bits: that of BG_KILL_SEED, to repeat a run, else one by chance. */
export const killSeed = (): number => Number(process.env.BG_KILL_SEED ?? Math.floor(Math.random() * 2 ** 32)) >>> 0
