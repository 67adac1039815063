import type { CalibrationRecord, EgvRecord } from '@bg-ingest/dexcom-contract'

/**
 * A glucose value is not lost over its decoration: where one of these fields is not of its type, it is read as absent.
 * What identifies a reading (recordId, systemTime, transmitterId, displayDevice) and what it says (value, unit) stays strict.
 */
export const withTolerance = <S extends typeof EgvRecord | typeof CalibrationRecord>(schema: S) =>
  schema.extend({
    displayTime: schema.shape.displayTime.catch(null),
    transmitterTicks: schema.shape.transmitterTicks.catch(null),
    transmitterGeneration: schema.shape.transmitterGeneration.catch(null),
    displayApp: schema.shape.displayApp.catch(null),
  })
