import * as z from 'zod'
import type { MannersReport } from './manners.ts'
import type { PersonManners } from './person-manners.ts'

/** How much of each a well-behaved client may show. */
export const MannersRules = z.strictObject({
  /** Null: not looked at. */
  callsPerWindow: z.number().int().min(0).nullable().default(null),
  concurrentData: z.number().int().min(1).default(1),
  concurrentRefreshes: z.number().int().min(1).default(1),
  /** 2 where a token call may have been killed between sending and answer (promises.md I6). */
  presentationsOfAToken: z.number().int().min(1).default(1),
  callsAfterInvalidGrant: z.number().int().min(0).default(0),
})
export type MannersRules = z.infer<typeof MannersRules>

export interface Violation {
  readonly rule: keyof MannersRules | 'windowLength' | 'dateFormat'
  readonly user: string | null
  readonly seen: number
  readonly allowed: number
}

/** Everything in which a client has misbehaved; empty where it has not. */
export function mannersViolations(report: MannersReport, given: Partial<MannersRules> = {}): Violation[] {
  const rules = MannersRules.parse(given)
  const over = (rule: Violation['rule'], user: string | null, seen: number, allowed: number): Violation[] =>
    seen > allowed ? [{ rule, user, seen, allowed }] : []
  const ofPerson = ([user, person]: [string, PersonManners]): Violation[] => [
    ...over('concurrentData', user, person.maxConcurrentData, rules.concurrentData),
    ...over('concurrentRefreshes', user, person.maxConcurrentRefreshes, rules.concurrentRefreshes),
    ...over('presentationsOfAToken', user, person.mostPresentations, rules.presentationsOfAToken),
    ...over('callsAfterInvalidGrant', user, person.callsAfterInvalidGrant, rules.callsAfterInvalidGrant),
  ]
  return [
    ...over('windowLength', null, report.windowsTooLong, 0),
    ...over('dateFormat', null, report.malformedDates, 0),
    ...over('callsPerWindow', null, report.mostCallsInWindow, rules.callsPerWindow ?? Number.POSITIVE_INFINITY),
    ...Object.entries(report.users).flatMap(ofPerson),
  ]
}
