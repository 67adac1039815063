import type { Dice } from '../dice.ts'
import type { Endpoint } from '../exchange.ts'
import type { FaultRule } from './fault-rule.ts'

/** The request that a rule may fit. */
export interface Asked {
  readonly endpoint: Endpoint
  readonly user: string | null
  readonly region: string
  readonly clientId: string | null
}

export interface Faults {
  readonly add: (rule: FaultRule) => void
  /** The first rule that fits and whose dice fall, used up by one; null where there is none. */
  readonly take: (asked: Asked) => FaultRule | null
  /** Rules that still wait, with the count that is left. */
  readonly list: () => readonly FaultRule[]
  readonly clear: () => void
}

interface FaultsInput {
  readonly dice: Dice
  readonly nowMs: (clock: 'virtual' | 'real') => number
}

const DAY_MINUTES = 24 * 60

export function createFaults({ dice, nowMs }: FaultsInput): Faults {
  let rules: readonly FaultRule[] = []

  function isItsTime({ fromMs, toMs, daily, clock = 'virtual' }: FaultRule): boolean {
    const now = nowMs(clock)
    if ((fromMs !== undefined && now < fromMs) || (toMs !== undefined && now >= toMs)) return false
    if (!daily) return true
    const minute = Math.floor(now / 60_000) % DAY_MINUTES
    const [from, to] = [minuteOf(daily.from), minuteOf(daily.to)]
    return from <= to ? minute >= from && minute < to : minute >= from || minute < to
  }

  const fits = (rule: FaultRule, asked: Asked) =>
    (rule.endpoint === 'any' || rule.endpoint === asked.endpoint) &&
    (rule.user ?? asked.user) === asked.user &&
    (rule.users === undefined || rule.users.includes(asked.user ?? '')) &&
    (rule.region ?? asked.region) === asked.region &&
    (rule.clientId ?? asked.clientId) === asked.clientId &&
    isItsTime(rule)

  const falls = ({ probability = 1 }: FaultRule) => probability >= 1 || dice() < probability

  function useUp(taken: FaultRule): void {
    const { count } = taken
    if (count === undefined) return
    rules = rules.flatMap((rule) => (rule !== taken ? [rule] : count > 1 ? [{ ...rule, count: count - 1 }] : []))
  }

  return {
    add: (rule) => {
      rules = [...rules, rule]
    },
    take: (asked) => {
      const taken = rules.find((rule) => fits(rule, asked) && falls(rule))
      if (taken) useUp(taken)
      return taken ?? null
    },
    list: () => rules,
    clear: () => {
      rules = []
    },
  }
}

function minuteOf(timeOfDay: string): number {
  const [hours = 0, minutes = 0] = timeOfDay.split(':').map(Number)
  return hours * 60 + minutes
}
