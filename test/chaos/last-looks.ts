import { auditGaps } from '../support/audit-cover.ts'
import { findLeaks } from '../support/canaries.ts'
import { outcomeOf } from '../support/kill-tokens.ts'
import type { Watched } from '../support/oracle-evidence.ts'
import type { Allowed } from '../support/oracles.ts'
import type { ChaosStage } from './stage.ts'
import { hasFewRepeats, type Totals } from './totals.ts'

export interface Grant {
  readonly id: string
  readonly outcome: 'connected' | 'needs_reauth'
}

/** Looks at the grants that a kill may have cost, and connects again whoever has to. */
export async function settleGrants(stage: ChaosStage): Promise<Grant[]> {
  const grants: Grant[] = []
  const doubted = stage.doubted.splice(0)
  if (doubted.length === 0) return grants
  for (const { watched, at, inDoubt, name } of doubted) {
    const outcome = await outcomeOf(watched, at)
    if (outcome === 'needs_reauth' && !inDoubt)
      throw new Error(`O6 a grant was lost that no kill can have cost: ${name}`)
    grants.push({ id: name, outcome })
    if (outcome === 'needs_reauth') await stage.connectAgain(watched)
    stage.lookAgainAt(watched)
  }
  for (const { watched } of doubted.filter(({ inDoubt }) => inDoubt)) stage.forgiven.add(watched)
  await stage.converge(allowedIn(stage))
  return grants
}

/** What is no fault of whose refresh was hit between intent and answer: a second presentation, and what came of it. */
export const allowedIn =
  ({ forgiven }: Pick<ChaosStage, 'forgiven'>) =>
  (watched: Watched): Allowed =>
    forgiven.has(watched) ? { presentations: 2, failures: /needs_reauth|not_connected/ } : {}

/** What a node without a limit of its heap takes at most under this load, measured at 350 MB, and half as much again. */
const MOST_MEGABYTES = 512

/** Every look at /healthz was answered, and nothing grew (O10, O11). */
export function expectHealthy({ health }: ChaosStage): void {
  if (health.failed.length > 0)
    throw new Error(`O10 /healthz failed ${health.failed.length} times: ${health.failed[0]}`)
  if (health.mostMegabytes > MOST_MEGABYTES) throw new Error(`O11 a process grew to ${health.mostMegabytes} MB`)
}

/** Nobody was shown a secret, and every change is on record whoever was killed over it (O9, O12). */
export async function expectDiscreet({ system, processes, people, state }: ChaosStage): Promise<void> {
  const names = people.map(({ person }) => person.userId)
  const secrets = people.map(({ person }) => person.token)
  const leaks = await findLeaks(system, { processes, people: names, secrets })
  if (leaks.length > 0) throw new Error(`O9 ${leaks.length} leaks: ${leaks.slice(0, 3).join('; ')}`)
  const committed = new Map<string, number>()
  for (const { person } of people) committed.set(person.userId, Number((await state(person))['committedSequence']))
  const gaps = auditGaps(system, processes, committed)
  if (gaps.length > 0) throw new Error(`O12 ${gaps.length} faults in the audit trail: ${gaps.slice(0, 3).join('; ')}`)
}

/** Few messages came twice (at least once is promised). */
export function expectFewRepeats(totals: Totals): void {
  if (!hasFewRepeats(totals)) throw new Error(`O3 ${totals.repeatedEvents} of ${totals.events} events repeated`)
}
