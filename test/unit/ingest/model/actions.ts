import fc from 'fast-check'
import { FINGERSTICK, SLOTS } from './truth.ts'

export const WORKERS = 3

/** What can happen to the world; a worker is named by its number. */
export type Action =
  | { readonly do: 'poll' | 'manual' | 'publish'; readonly worker: number }
  /** Calls of this worker land, one after the other: until the next is of this name, or so many. */
  | { readonly do: 'run'; readonly worker: number; readonly until: CallName }
  | { readonly do: 'step'; readonly worker: number; readonly calls: number }
  | { readonly do: 'lose' | 'haunt' | 'refuse' | 'crash' | 'freeze' | 'wake'; readonly worker: number }
  /** A call that nobody waits for any more lands, or is lost for ever. */
  | { readonly do: 'land' | 'drop'; readonly ghost: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'broker'; readonly room: number }
  | { readonly do: 'measure'; readonly slot: number; readonly glucose: number }
  | { readonly do: 'take back' | 'move' | 'lose digests' }
  /** Whether digests can be written; those that are there stay. */
  | { readonly do: 'digests'; readonly working: boolean }

/** `end`: until nothing is left to do. */
const CALLS = ['fetch', 'between', 'claim', 'put', 'publish', 'finish', 'look', 'seal', 'ranges', 'end'] as const
export type CallName = (typeof CALLS)[number]

export interface Script {
  readonly actions: readonly Action[]
  /** Before which call of the first clean sync everything lands that is still on its way. */
  readonly landBefore: CallName
}

const worker = fc.nat(WORKERS - 1)
const doing = <D extends string>(...names: readonly [D, ...D[]]) => fc.constantFrom(...names)

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: doing('poll', 'manual', 'manual', 'publish'), worker }) },
  { weight: 10, arbitrary: fc.record({ do: doing('run'), worker, until: fc.constantFrom(...CALLS) }) },
  { weight: 6, arbitrary: fc.record({ do: doing('step'), worker, calls: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 4, arbitrary: fc.record({ do: doing('crash', 'freeze', 'wake'), worker }) },
  { weight: 3, arbitrary: fc.record({ do: doing('lose', 'haunt', 'refuse'), worker }) },
  { weight: 2, arbitrary: fc.record({ do: doing('land', 'land', 'drop'), ghost: fc.nat(3) }) },
  { weight: 4, arbitrary: fc.record({ do: doing('wait'), ms: fc.constantFrom(5_000, 16_000, 16_000) }) },
  { weight: 2, arbitrary: fc.record({ do: doing('broker'), room: fc.constantFrom(0, 1, 1_000) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: doing('measure'),
      slot: fc.nat(SLOTS - 1),
      glucose: fc.constantFrom(100, 110, 120),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: doing('take back', 'move', 'lose digests') }) },
  { weight: 1, arbitrary: fc.record({ do: doing('digests'), working: fc.boolean() }) },
)

/** Something to find, somebody who finds it, and then whatever may happen. */
export const script: fc.Arbitrary<Script> = fc.record({
  actions: fc
    .array(action, { maxLength: 40, size: 'max' })
    .map((actions): readonly Action[] => [
      { do: 'measure', slot: 0, glucose: 100 },
      { do: 'measure', slot: FINGERSTICK, glucose: 100 },
      { do: 'manual', worker: 0 },
      ...actions,
    ]),
  landBefore: fc.constantFrom(...CALLS),
})
