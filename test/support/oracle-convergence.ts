import { setTimeout as delay } from 'node:timers/promises'
import type { Watched, Witness } from './oracle-evidence.ts'
import { type Allowed, judge, type Violation } from './oracles.ts'

export interface ConvergenceOptions {
  readonly withinMs: number
  readonly allowed?: (watched: Watched) => Allowed
  /** Asks again for somebody with whom an oracle is not content. */
  readonly ask: (watched: Watched) => Promise<unknown>
}

const LOOK_AGAIN_MS = 250
/** While many are asked for at once, the service leaves their fingersticks to a later sync: those are asked for anew. */
const ASK_AGAIN_MS = 5_000
/** What Dexcom has seen it has seen. */
const FOR_GOOD: ReadonlySet<Violation['oracle']> = new Set(['O5', 'O6'])

/**
 * Waits until every oracle is content with everybody, and answers how long that took, in milliseconds. Rejects with all
 * that is wrong at the end. Whoever was content is looked at once more when all are: late damage counts too.
 */
export async function untilConverged(
  witness: Witness,
  people: readonly Watched[],
  { withinMs, ask, allowed = () => ({}) }: ConvergenceOptions,
): Promise<number> {
  const startedAt = performance.now()
  const elapsed = () => Math.round(performance.now() - startedAt)
  let open = people
  let askedAt = 0
  for (;;) {
    const wrongs = await wrongsOf(witness, open, allowed)
    const wronged = open.filter((_, i) => (wrongs[i] ?? []).length > 0)
    if (wronged.length === 0 && open.length === people.length) return elapsed()
    const forGood = wrongs.flat().filter(({ oracle }) => FOR_GOOD.has(oracle))
    if (forGood.length > 0) throw new Error(`wrong for good:\n${forGood.map(line).join('\n')}`)
    if (elapsed() > withinMs)
      throw new Error(`not converged within ${withinMs} ms:\n${wrongs.flat().map(line).join('\n')}`)
    if (elapsed() - askedAt > ASK_AGAIN_MS) {
      askedAt = elapsed()
      await Promise.all(wronged.map(ask))
    }
    open = wronged.length === 0 ? people : wronged
    if (wronged.length > 0) await delay(LOOK_AGAIN_MS)
  }
}

const line = ({ oracle, userId, detail }: Violation) => `  ${oracle} ${userId}: ${detail}`

/** One person after the other: all at once would be a load test of the stand-ins. */
async function wrongsOf(
  witness: Witness,
  people: readonly Watched[],
  allowed: (watched: Watched) => Allowed,
): Promise<Violation[][]> {
  const wrongs: Violation[][] = []
  for (const watched of people)
    wrongs.push(
      await witness.evidence(watched).then(
        (evidence) => judge(evidence, allowed(watched)),
        // A read that is refused under load shows nothing: not yet content.
        (err: unknown) => [{ oracle: 'O1', userId: watched.person.userId, detail: String(err) }],
      ),
    )
  return wrongs
}
