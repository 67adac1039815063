import { DAY_MS } from '@bg-ingest/domain'
import { createZoneOffset } from '../zone.ts'
import { type DayPlan, planDay } from './day-plan.ts'
import type { Profile } from './profiles.ts'

/** A page is walked in order and looks at most two days back, so a few plans are enough to make each of them once. */
const PLANS_KEPT = 8

/** A dropout lasts up to 30 h, and a meal's echo ends within 6 h: two days back cover both. */
const DAYS_OF_EFFECT = 2

/** The days of one person: which day an instant belongs to, and the plans that may bear on it. */
export interface Calendar {
  readonly dayOf: (epochMs: number) => number
  /** What to add to an epoch time to get this body's local time, milliseconds. */
  readonly bodyOffsetMs: number
  readonly plan: (day: number) => DayPlan
  /** Plans of the day of an instant and of the days before it whose effects may reach it. */
  readonly plansAround: (epochMs: number) => readonly DayPlan[]
}

interface CalendarInput {
  readonly profile: Profile
  readonly seed: number
  readonly zone: string
}

/** Bodies keep winter time: a fixed offset keeps days 24 h long, and meals do not jump with the clocks. */
export function createCalendar({ profile, seed, zone }: CalendarInput): Calendar {
  const bodyOffsetMs = createZoneOffset(zone)(Date.UTC(2026, 0, 1)) * 1000
  const kept = new Map<number, DayPlan>()
  let around: { readonly day: number; readonly plans: readonly DayPlan[] } | null = null

  const dayOf = (epochMs: number) => Math.floor((epochMs + bodyOffsetMs) / DAY_MS)
  const plan = (day: number): DayPlan => {
    const known = kept.get(day)
    if (known) return known
    const made = planDay(profile, seed, day, day * DAY_MS - bodyOffsetMs)
    for (const oldest of kept.keys()) {
      if (kept.size < PLANS_KEPT) break
      kept.delete(oldest)
    }
    kept.set(day, made)
    return made
  }
  const plansAround = (epochMs: number): readonly DayPlan[] => {
    const day = dayOf(epochMs)
    if (around?.day !== day) {
      around = { day, plans: Array.from({ length: DAYS_OF_EFFECT + 1 }, (_, i) => plan(day - i)) }
    }
    return around.plans
  }
  return { dayOf, bodyOffsetMs, plan, plansAround }
}
