import type { Evidence } from '../support/oracles.ts'
import type { ChaosStage } from './stage.ts'

/** What a run amounts to. */
export interface Totals {
  readonly people: number
  readonly readings: number
  readonly events: number
  /** Ranges told more than once. */
  readonly repeatedEvents: number
  /** Calls that Dexcom saw. */
  readonly calls: number
  readonly healthLooks: number
  readonly healthFailed: number
  readonly mostMegabytes: number
}

/** Promised of runs with faults: 2 %. A handful of messages says nothing of a share. */
const REPEATED_SHARE = 0.02
const MANY_EVENTS = 500

export const hasFewRepeats = ({ events, repeatedEvents }: Pick<Totals, 'events' | 'repeatedEvents'>): boolean =>
  events < MANY_EVENTS || repeatedEvents <= REPEATED_SHARE * events

export async function totalsOf(stage: ChaosStage): Promise<Totals> {
  const evidence: Evidence[] = []
  for (const watched of stage.people) evidence.push(await stage.witness.evidence(watched))
  const ranges = evidence.map(({ heard }) =>
    heard.filter(({ routingKey }) => routingKey === 'readings.changed').map(({ messageId }) => messageId),
  )
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
  return {
    people: evidence.length,
    readings: sum(evidence.map(({ rows }) => rows.length)),
    events: sum(ranges.map((ids) => ids.length)),
    repeatedEvents: sum(ranges.map((ids) => ids.length - new Set(ids).size)),
    calls: sum(Object.values((await stage.system.sim('GET', 'manners')).calls as Record<string, number>)),
    healthLooks: stage.health.looks,
    healthFailed: stage.health.failed.length,
    mostMegabytes: stage.health.mostMegabytes,
  }
}
