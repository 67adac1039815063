import type { SourceEvent } from '../series.ts'
import type { DayPlan } from './day-plan.ts'
import type { Profile } from './profiles.ts'

const MINUTE_MS = 60_000

/** People dose a little before they eat; one unit of fast insulin for about 10 g of carbohydrate. */
const BOLUS_LEAD_MS = 5 * MINUTE_MS
const GRAMS_PER_UNIT = 10

type Entry = Pick<SourceEvent, 'eventType' | 'eventSubType' | 'value' | 'unit'> & {
  readonly key: string
  readonly atMs: number
}

/** What a person typed into the app that day, oldest first; values are text, as on the wire (dexcom-api.md 3.6). */
export function dayEntries(plan: DayPlan, profile: Profile, glucoseAt: (epochMs: number) => number): Entry[] {
  const entries: Entry[] = []
  for (const [i, { atMs, grams }] of plan.meals.entries()) {
    entries.push({
      key: `carbs-${i}`,
      atMs,
      eventType: 'carbs',
      eventSubType: null,
      value: String(grams),
      unit: 'grams',
    })
    if (!profile.takesInsulin) continue
    const dose = (Math.round((grams / GRAMS_PER_UNIT) * 2) / 2).toFixed(1)
    entries.push({
      key: `bolus-${i}`,
      atMs: atMs - BOLUS_LEAD_MS,
      eventType: 'insulin',
      eventSubType: 'fastActing',
      value: dose,
      unit: 'units',
    })
  }
  if (plan.exercise) {
    const { atMs, minutes } = plan.exercise
    entries.push({
      key: 'exercise',
      atMs,
      eventType: 'exercise',
      eventSubType: 'medium',
      value: String(minutes),
      unit: 'minutes',
    })
  }
  for (const [i, atMs] of plan.fingersticksMs.entries()) {
    const value = String(meterValue(glucoseAt(atMs)))
    entries.push({ key: `stick-${i}`, atMs, eventType: 'bloodGlucose', eventSubType: null, value, unit: 'mg/dL' })
  }
  return entries.sort((a, b) => a.atMs - b.atMs)
}

/** A blood glucose meter shows whole mg/dL; 20 to 600 is what the app lets a person type. */
export const meterValue = (glucose: number): number => Math.round(Math.min(600, Math.max(20, glucose)))
