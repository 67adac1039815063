import { seededRandom } from '../bench/seeded-random.ts'
import { FAULTS, scenesOf } from './catalogue.ts'
import { type Mutant, mutantVariables } from './mutants.ts'
import { playAll } from './play.ts'
import { type ChaosStage, openChaosStage } from './stage.ts'

export interface MutantResult {
  readonly id: string
  readonly about: string
  /** The first promise that broke without the protection; null where all were kept. */
  readonly brokeBy: string | null
  /** Whether that is the promise which the protection stands for. */
  readonly killed: boolean
}

interface Telling {
  readonly say: (line: string) => void
  /** Told of all results so far: who ends the run early has those. */
  readonly keep: (results: readonly MutantResult[]) => Promise<void>
}

const PLANTED = 'mutant planted in'

/** Plays, for one mutant after the other, the faults under which it has to show. */
export async function playMutants(
  mutants: readonly Mutant[],
  seed: number,
  { say, keep }: Telling,
): Promise<readonly MutantResult[]> {
  const results: MutantResult[] = []
  for (const mutant of mutants) {
    const brokeBy = await brokenWithout(mutant, seed)
    const killed = brokeBy !== null && mutant.breaks.test(brokeBy)
    results.push({ id: mutant.id, about: mutant.about, brokeBy, killed })
    await keep(results)
    say(`${mutant.id.padEnd(6)} ${killed ? 'killed' : 'SURVIVED'}: ${mutant.about}; ${excerpt(brokeBy)}`)
  }
  return results
}

const LINES = 3
const excerpt = (text: string | null) => text?.split('\n').slice(0, LINES).join(' | ') ?? 'every promise was kept'

async function brokenWithout(mutant: Mutant, seed: number): Promise<string | null> {
  const stage = await openChaosStage(seededRandom(seed), { variables: mutantVariables(mutant) })
  try {
    const faults = FAULTS.filter(({ id }) => mutant.faults.includes(id))
    const plan = {
      scenes: scenesOf(faults),
      soakMs: 0,
      withinMs: Number.POSITIVE_INFINITY,
      settleGrants: false,
      say: () => undefined,
    }
    const broken = await playAll(stage, plan).then(
      (results) => results.broken,
      (err: unknown) => String(err),
    )
    expectPlanted(stage, mutant)
    return broken
  } finally {
    await stage.close()
  }
}

/** A mutant of a file that nobody loads would survive everything. */
function expectPlanted({ processes, system: { api } }: ChaosStage, { id }: Mutant): void {
  if (![api, ...processes].some((app) => app.output().includes(PLANTED)))
    throw new Error(`${id} was not planted in any process`)
}
