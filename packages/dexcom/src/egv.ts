import { EgvRecord } from '@bg-ingest/dexcom-contract'
import { TRENDS, type Trend } from '@bg-ingest/domain'
import { MGDL_PER_MMOLL } from './glucose-value.ts'
import { toMeasurement } from './measurement.ts'
import type { Outcome } from './rejection.ts'
import { withTolerance } from './tolerance.ts'

const Egv = withTolerance(EgvRecord).extend({
  trend: EgvRecord.shape.trend.catch('unknown'),
  trendRate: EgvRecord.shape.trendRate.catch(null),
})

/** One record of /egvs. */
export function normaliseEgv(record: unknown, nowMs: number): Outcome {
  const { data: egv } = Egv.safeParse(record)
  if (!egv) return 'shape'
  const rate = egv.trendRate ?? null
  return toMeasurement(
    'cgm',
    egv,
    { trend: trendOf(egv.trend), trendRate: egv.rateUnit === 'mmol/L/min' ? rateInMgdl(rate) : rate },
    nowMs,
  )
}

/** Dexcom adds arrows without notice: a new one is kept as `unknown`, never derived from values (dexcom-api.md 3.2). */
function trendOf(text: string | null | undefined): Trend | null {
  if (text === null || text === undefined) return null
  return TRENDS.find((trend) => trend === text) ?? 'unknown'
}

const rateInMgdl = (rate: number | null): number | null =>
  rate === null ? null : Math.round(rate * MGDL_PER_MMOLL * 1000) / 1000
