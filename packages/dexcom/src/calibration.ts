import { CalibrationRecord } from '@bg-ingest/dexcom-contract'
import { NO_ARROW, toMeasurement } from './measurement.ts'
import type { Outcome } from './rejection.ts'
import { withTolerance } from './tolerance.ts'

const Calibration = withTolerance(CalibrationRecord)

/** One record of /calibrations. */
export function normaliseCalibration(record: unknown, nowMs: number): Outcome {
  const { data: calibration } = Calibration.safeParse(record)
  return calibration ? toMeasurement('calibration', calibration, NO_ARROW, nowMs) : 'shape'
}
