import type { Measurement, StoredReading } from '@bg-ingest/domain'
import type { Stored } from './diff.ts'
import { twinId } from './repeats.ts'
import { keysIn } from './stored-keys.ts'

/**
 * Stored sensor readings and calibrations of a window that Dexcom no longer shows there, in whatever device's name. They
 * are kept: a record that is missing from an answer was not taken back. A fingerstick has a life cycle of its own.
 */
export function vanishedFrom(measurements: readonly Measurement[], stored: Stored): readonly StoredReading[] {
  const keyOf = keysIn(stored)
  const shown = new Set(measurements.map(keyOf))
  const twins = new Set(measurements.map(twinId))
  return [...stored].flatMap(([key, reading]) => {
    const twin = twinId(reading)
    const isShown = shown.has(key) || (twin !== null && twins.has(twin))
    return reading.type === 'manual' || reading.deleted || isShown ? [] : [reading]
  })
}
