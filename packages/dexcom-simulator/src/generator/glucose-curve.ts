import { DAY_MS } from '@bg-ingest/domain'
import type { Calendar } from './calendar.ts'
import { chance } from './hash.ts'
import type { Profile } from './profiles.ts'

const MINUTE_MS = 60_000
const SALT_DRIFT = 1

/** A meal peaks an hour after it, insulin bites two hours after it, and both have faded after six. */
const PEAK_MS = 60 * MINUTE_MS
const INSULIN_LAG_MS = 120 * MINUTE_MS
const ECHO_MS = 360 * MINUTE_MS

/** The daily swing is highest six hours later, at five in the afternoon. */
const SWING_RISES_AT_MS = 11 * 60 * MINUTE_MS

/** Slow drift between random points 40 min apart: smooth enough for arrows that a sensor would show. */
const DRIFT_STEP_MS = 40 * MINUTE_MS

/** Glucose in mg/dL at any instant, unclamped: a pure function of profile, seed and calendar. */
export type GlucoseCurve = (epochMs: number) => number

export function createGlucoseCurve(profile: Profile, seed: number, calendar: Calendar): GlucoseCurve {
  const point = (index: number) => chance(seed, SALT_DRIFT, index) * 2 - 1
  const drift = (epochMs: number) => {
    const index = Math.floor(epochMs / DRIFT_STEP_MS)
    const x = epochMs / DRIFT_STEP_MS - index
    const ease = x * x * (3 - 2 * x)
    return profile.noise * (point(index) * (1 - ease) + point(index + 1) * ease)
  }
  return (epochMs) => {
    const turn = (epochMs + calendar.bodyOffsetMs - SWING_RISES_AT_MS) / DAY_MS
    let glucose = profile.base + profile.circadian * Math.sin(2 * Math.PI * turn) + drift(epochMs)
    for (const { meals, nightLow } of calendar.plansAround(epochMs)) {
      for (const { atMs, grams } of meals) {
        const rise = grams * profile.risePerGram
        glucose += rise * wave(epochMs - atMs) - rise * profile.undershoot * wave(epochMs - atMs - INSULIN_LAG_MS)
      }
      if (nightLow) glucose -= nightLow.depth * wave(epochMs - nightLow.atMs)
    }
    return glucose
  }
}

/**
 * 0 before, 1 at its peak, fading after. The square makes it start flat: its steepest slope is 1.7 per peak time, so that
 * 286 mg/dL rise at 8 mg/dL/min at most, the end of Dexcom's arrow range.
 */
function wave(sinceMs: number): number {
  if (sinceMs <= 0 || sinceMs >= ECHO_MS) return 0
  const x = sinceMs / PEAK_MS
  return x * x * Math.exp(2 * (1 - x))
}
