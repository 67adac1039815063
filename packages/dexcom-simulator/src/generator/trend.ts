import type { Trend } from '@bg-ingest/domain'

/** The arrow for a rate in mg/dL/min, by the bands of Dexcom's swagger (dexcom-api.md 3.2). */
export function trendOf(rate: number): Trend {
  if (rate > 8 || rate <= -8) return 'rateOutOfRange'
  if (rate >= 3) return 'doubleUp'
  if (rate >= 2) return 'singleUp'
  if (rate >= 1) return 'fortyFiveUp'
  if (rate > -1) return 'flat'
  if (rate > -2) return 'fortyFiveDown'
  if (rate > -3) return 'singleDown'
  return 'doubleDown'
}
