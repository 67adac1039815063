/** How one body and one phone behave. Glucose in mg/dL, durations in hours unless named otherwise. */
export interface Profile {
  readonly base: number
  /** Half the swing between the small hours and the late afternoon. */
  readonly circadian: number
  readonly noise: number
  readonly mealsPerDay: number
  readonly mealGrams: readonly [number, number]
  readonly risePerGram: number
  /** Share of a meal's rise that insulin takes away again too much. */
  readonly undershoot: number
  readonly nightLowsPerDay: number
  readonly nightLowDepth: number
  readonly takesInsulin: boolean
  readonly exercisePerDay: number
  readonly fingersticksPerDay: number
  readonly calibrationsPerDay: number
  /** Readings that never come to be. */
  readonly dropoutsPerDay: number
  readonly dropoutHours: readonly [number, number]
  /** Readings that come late: the phone or the sensor was out of reach, and newer ones overtake them. */
  readonly outagesPerDay: number
  readonly outageHours: readonly [number, number]
  readonly backfillHours: readonly [number, number]
}

export const PROFILES = {
  quiet: {
    base: 104,
    circadian: 5,
    noise: 4,
    mealsPerDay: 2,
    mealGrams: [15, 35],
    risePerGram: 0.9,
    undershoot: 0.1,
    nightLowsPerDay: 0,
    nightLowDepth: 0,
    takesInsulin: false,
    exercisePerDay: 0.4,
    fingersticksPerDay: 0.5,
    calibrationsPerDay: 0.1,
    dropoutsPerDay: 0,
    dropoutHours: [0, 0],
    outagesPerDay: 0,
    outageHours: [0, 0],
    backfillHours: [0, 0],
  },
  // 110 g x 2.6 = 286 mg/dL over a base of 150: out of range above. The night's dip of 130: out of range below.
  lively: {
    base: 150,
    circadian: 22,
    noise: 16,
    mealsPerDay: 4,
    mealGrams: [40, 110],
    risePerGram: 2.6,
    undershoot: 0.45,
    nightLowsPerDay: 0.4,
    nightLowDepth: 130,
    takesInsulin: true,
    exercisePerDay: 0.5,
    fingersticksPerDay: 2.5,
    calibrationsPerDay: 0.5,
    dropoutsPerDay: 0.1,
    dropoutHours: [1 / 6, 1],
    outagesPerDay: 0.05,
    outageHours: [0.5, 3],
    backfillHours: [0.1, 1],
  },
  // 0.3 dropouts a day of 10 min to 30 h is the rate seen in exports (dexcom-api.md 12.7).
  gappy: {
    base: 128,
    circadian: 12,
    noise: 9,
    mealsPerDay: 3,
    mealGrams: [25, 70],
    risePerGram: 1.4,
    undershoot: 0.25,
    nightLowsPerDay: 0.1,
    nightLowDepth: 60,
    takesInsulin: true,
    exercisePerDay: 0.3,
    fingersticksPerDay: 1.5,
    calibrationsPerDay: 0.4,
    dropoutsPerDay: 0.3,
    dropoutHours: [1 / 6, 30],
    outagesPerDay: 0.6,
    outageHours: [1, 12],
    backfillHours: [0.5, 6],
  },
} as const satisfies Record<string, Profile>

export const PROFILE_NAMES = ['quiet', 'lively', 'gappy'] as const satisfies (keyof typeof PROFILES)[]
export type ProfileName = (typeof PROFILE_NAMES)[number]
