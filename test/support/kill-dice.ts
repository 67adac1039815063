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
  const draw = mulberry32(seed)
  return () => ({
    step: STEPS[below(STEPS.length)] ?? 'fetched',
    passage: 1 + below(MOST_PASSAGES),
    // Inside the step, behind it, or while its calls are under way.
    when: (['now', 'next', 1 + below(MOST_DELAY_MS)] as const)[below(3)] ?? 'now',
  })
}

/** A seed of 32 bits: that of BG_KILL_SEED, to repeat a run, else one by chance. */
export const killSeed = (): number => Number(process.env.BG_KILL_SEED ?? Math.floor(Math.random() * 2 ** 32)) >>> 0

/** mulberry32 (Tommy Ettinger, public domain): numbers from 0 to 1, 1 left out. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
