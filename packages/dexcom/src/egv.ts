import { EgvRecord, KNOWN_VALUES } from '@bg-ingest/dexcom-contract'
import { MGDL_PER_MMOLL, type Trend } from '@bg-ingest/domain'
import { toMeasurement } from './measurement.ts'
import type { Outcome } from './rejection.ts'
import { IDENTITY, withTolerance } from './tolerance.ts'
import { countUnknown, type Page } from './unknown-values.ts'

const Egv = withTolerance(EgvRecord, IDENTITY)

/** One record of /egvs. */
export function normaliseEgv(record: unknown, page: Page): Outcome {
  const { data: egv } = Egv.safeParse(record)
  if (!egv) return 'shape'
  countUnknown(page, 'trend', egv.trend)
  countUnknown(page, 'status', egv.status)
  countUnknown(page, 'rateUnit', egv.rateUnit)
  return toMeasurement(
    'cgm',
    egv,
    { trend: readTrend(egv.trend), trendRate: readRate(egv.trendRate, egv.rateUnit) },
    page,
  )
}

/** Dexcom adds arrows without notice: a new one is kept as `unknown`, never derived from values (dexcom-api.md 3.2). */
function readTrend(value: unknown): Trend | null {
  if (value === null || value === undefined) return null
  return isTrend(value) ? value : 'unknown'
}

function isTrend(value: unknown): value is Trend {
  const known: ReadonlySet<unknown> = KNOWN_VALUES.trend
  return known.has(value)
}

/** mg/dL per minute. Glucose lies within 0 and 1000 mg/dL, so nothing changes faster; no table takes 1e300 or 5e-324. */
const FASTEST_RATE = 1000
const SLOWEST_RATE = 1e-9

/** Rate and unit as sent -> mg/dL per minute; null where it is no rate, or of a unit that Dexcom's list does not have. */
function readRate(value: unknown, unit: unknown): number | null {
  if (typeof value !== 'number') return null
  const rate = inMgdlPerMinute(value, unit)
  if (rate === null || !(Math.abs(rate) <= FASTEST_RATE)) return null
  return Math.abs(rate) < SLOWEST_RATE ? 0 : rate
}

function inMgdlPerMinute(rate: number, unit: unknown): number | null {
  if (unit === 'mg/dL/min') return rate
  switch (typeof unit === 'string' ? unit.toLowerCase() : (unit ?? '')) {
    case 'mg/dl/min':
    case '':
    case 'unknown':
      return rate
    case 'mmol/l/min':
      return Math.round(rate * MGDL_PER_MMOLL * 1000) / 1000
    default:
      return null
  }
}
