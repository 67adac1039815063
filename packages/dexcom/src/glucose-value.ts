import { MGDL_PER_MMOLL } from '@bg-ingest/domain'
import type { RejectReason } from './rejection.ts'

/** What a reading can be at all, in mg/dL; Tidepool's client accepts the same span. */
const LOWEST_MGDL = 0
const HIGHEST_MGDL = 1000

/** A sensor measures 40 to 400; 39 says "below" and 401 "above" (Dexcom v3, swagger: egvs.value). */
const BELOW_RANGE_MGDL = 39
const ABOVE_RANGE_MGDL = 401

/** No living person has 34 mmol/L or more on a Dexcom (it stops at 22.2), and no sensor says less than 39 mg/dL. */
const CANNOT_BE_MMOLL = 34

/**
 * Value and unit as sent -> whole mg/dL, rounded half up, pinned to 39 and 401. A unit that is absent or `unknown` is
 * read as mg/dL (Dexcom always sends mg/dL, dexcom-api.md 0.6) unless the number could be mmol/L: 5.4 taken for
 * 5 mg/dL would be a false hypoglycaemia. A unit that Dexcom's list does not have is never guessed at.
 */
export function readGlucose(
  value: unknown,
  unit: unknown,
): number | Extract<RejectReason, 'shape' | 'value_missing' | 'value_range' | 'unit'> {
  if (value === null || value === undefined) return 'value_missing'
  if (typeof value !== 'number') return 'shape'
  if (!Number.isFinite(value)) return 'value_range' // NOTE: JSON's 1e309 arrives as Infinity
  const mgdl = inMgdl(value, unit)
  if (mgdl === null) return 'unit'
  if (mgdl < LOWEST_MGDL || mgdl > HIGHEST_MGDL) return 'value_range'
  return Math.min(Math.max(Math.round(mgdl), BELOW_RANGE_MGDL), ABOVE_RANGE_MGDL)
}

function inMgdl(value: number, unit: unknown): number | null {
  if (unit === 'mg/dL') return value
  switch (typeof unit === 'string' ? unit.toLowerCase() : (unit ?? '')) {
    case 'mg/dl':
      return value
    case 'mmol/l':
      return value * MGDL_PER_MMOLL
    case '':
    case 'unknown':
      return value > LOWEST_MGDL && value < CANNOT_BE_MMOLL ? null : value
    default:
      return null
  }
}
