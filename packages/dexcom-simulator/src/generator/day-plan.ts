import { DAY_MS, type Window } from '@bg-ingest/domain'
import { between, chance } from './hash.ts'
import type { Profile } from './profiles.ts'

const HOUR_MS = 3_600_000

/** Hours of the local day around which people eat, in the order in which a profile takes them. */
const MEAL_HOURS = [7.5, 18.8, 12.6, 15.6, 21.4] as const
const MEAL_SCATTER_HOURS = 0.75

/** One salt for each thing a day decides, so that no two decisions share their dice. */
const SALT = { meal: 100, grams: 120, low: 140, exercise: 150, stick: 160, calibration: 180, dropout: 190, outage: 200 }

interface Outage extends Window {
  /** When the readings of the outage begin to arrive, all of them in one burst. */
  readonly uploadMs: number
}

/** What happens to one person on one local day. Times are epoch milliseconds. */
export interface DayPlan {
  readonly meals: readonly { readonly atMs: number; readonly grams: number }[]
  readonly nightLow: { readonly atMs: number; readonly depth: number } | null
  readonly exercise: { readonly atMs: number; readonly minutes: number } | null
  readonly fingersticksMs: readonly number[]
  readonly calibrationsMs: readonly number[]
  readonly dropout: Window | null
  readonly outage: Outage | null
}

/** Pure: the same seed, profile and day give the same plan. `startMs` is the instant of local midnight. */
export function planDay(profile: Profile, seed: number, day: number, startMs: number): DayPlan {
  const roll = (salt: number) => chance(seed, salt, day)
  const wholeSecond = (ms: number) => Math.floor(ms / 1000) * 1000
  const atHour = (hour: number) => wholeSecond(startMs + hour * HOUR_MS)
  const times = (perDay: number, salt: number) =>
    Array.from({ length: Math.floor(perDay + roll(salt)) }, (_, i) => atHour(between(6.5, 22.5, roll(salt + 1 + i))))

  const meals = MEAL_HOURS.slice(0, profile.mealsPerDay).map((hour, i) => ({
    atMs: atHour(hour + between(-MEAL_SCATTER_HOURS, MEAL_SCATTER_HOURS, roll(SALT.meal + i))),
    grams: Math.round(between(...profile.mealGrams, roll(SALT.grams + i))),
  }))
  return {
    meals: meals.sort((a, b) => a.atMs - b.atMs),
    nightLow:
      roll(SALT.low) < profile.nightLowsPerDay
        ? { atMs: atHour(between(1, 3.5, roll(SALT.low + 1))), depth: profile.nightLowDepth }
        : null,
    exercise:
      roll(SALT.exercise) < profile.exercisePerDay
        ? {
            atMs: atHour(between(9, 20, roll(SALT.exercise + 1))),
            minutes: 5 * Math.round(between(4, 12, roll(SALT.exercise + 2))),
          }
        : null,
    fingersticksMs: times(profile.fingersticksPerDay, SALT.stick),
    calibrationsMs: times(profile.calibrationsPerDay, SALT.calibration),
    dropout: dropoutOf(profile, roll, startMs),
    outage: outageOf(profile, roll, startMs),
  }
}

type Roll = (salt: number) => number

function dropoutOf(profile: Profile, roll: Roll, startMs: number): Window | null {
  if (roll(SALT.dropout) >= profile.dropoutsPerDay) return null
  const fromMs = startMs + roll(SALT.dropout + 1) * DAY_MS
  // Cubed, because short dropouts are many and day-long ones few.
  const hours = between(...profile.dropoutHours, roll(SALT.dropout + 2) ** 3)
  return { fromMs, toMs: fromMs + hours * HOUR_MS }
}

function outageOf(profile: Profile, roll: Roll, startMs: number): Outage | null {
  if (roll(SALT.outage) >= profile.outagesPerDay) return null
  const fromMs = startMs + roll(SALT.outage + 1) * DAY_MS
  const toMs = fromMs + between(...profile.outageHours, roll(SALT.outage + 2)) * HOUR_MS
  return {
    fromMs,
    toMs,
    uploadMs: Math.floor(toMs + between(...profile.backfillHours, roll(SALT.outage + 3)) * HOUR_MS),
  }
}
