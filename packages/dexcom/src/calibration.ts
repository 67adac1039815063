import { CalibrationRecord } from '@bg-ingest/dexcom-contract'
import { NO_ARROW, toMeasurement } from './measurement.ts'
import type { Outcome } from './rejection.ts'
import { IDENTITY, withTolerance } from './tolerance.ts'
import type { Page } from './unknown-values.ts'

const Calibration = withTolerance(CalibrationRecord, IDENTITY)

/** One record of /calibrations. */
export function normaliseCalibration(record: unknown, page: Page): Outcome {
  const { data: calibration } = Calibration.safeParse(record)
  return calibration ? toMeasurement('calibration', calibration, NO_ARROW, page) : 'shape'
}
