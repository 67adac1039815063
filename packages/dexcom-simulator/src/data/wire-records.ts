import type { Account } from '../accounts.ts'
import { recordId } from '../identity.ts'
import type { SourceCalibration, SourceEgv, SourceEvent, SourceRecord } from '../series.ts'
import { wireTime } from '../wire-time.ts'
import { createZoneOffset } from '../zone.ts'

/** Writes the records of one account as Dexcom does for one application (dexcom-api.md 3 and 10). */
export interface WireWriter {
  readonly times: (systemTimeMs: number) => { readonly systemTime: string; readonly displayTime: string }
  readonly recordId: (type: string, record: SourceRecord) => string
  readonly egv: (record: SourceEgv) => object
  readonly calibration: (record: SourceCalibration) => object
  readonly event: (record: SourceEvent) => object
}

export function createWireWriter(account: Account): WireWriter {
  const { device } = account
  const offsetOf = createZoneOffset(account.zone)

  // A receiver writes no zone, in both fields (dexcom-api.md 4).
  const times = (epochMs: number) => {
    const offset = offsetOf(epochMs)
    return device.mobile
      ? { systemTime: wireTime(epochMs, 0), displayTime: wireTime(epochMs, offset) }
      : { systemTime: wireTime(epochMs, null), displayTime: wireTime(epochMs + offset * 60_000, null) }
  }
  // dexcomUserId already stands for seed, application and account.
  const idOf = (type: string, record: SourceRecord) => recordId(account.dexcomUserId, `${type}-${record.key}`)
  const generation = {
    transmitterGeneration: device.transmitterGeneration,
    transmitterGenerationVariant: device.transmitterGeneration,
  }

  return {
    times,
    recordId: idOf,
    egv: (record) => ({
      recordId: idOf('egv', record),
      ...times(record.systemTimeMs),
      transmitterId: record.transmitterId,
      transmitterTicks: record.transmitterTicks,
      value: record.value,
      status: statusOf(record.value),
      trend: record.value === null ? 'none' : record.trend,
      trendRate: record.trendRate,
      unit: 'mg/dL',
      rateUnit: 'mg/dL/min',
      displayDevice: device.displayDevice,
      ...generation,
      displayApp: device.displayApp,
    }),
    calibration: (record) => ({
      recordId: idOf('calibration', record),
      unit: 'mg/dL',
      ...times(record.systemTimeMs),
      value: record.value,
      displayDevice: device.displayDevice,
      transmitterId: record.transmitterId,
      transmitterTicks: record.transmitterTicks,
      ...generation,
    }),
    event: (record) => ({
      recordId: idOf('event', record),
      ...times(record.systemTimeMs),
      eventStatus: 'created',
      eventType: record.eventType,
      eventSubType: record.eventSubType,
      value: record.value,
      unit: record.unit,
      transmitterId: record.transmitterId,
      ...generation,
      displayDevice: device.displayDevice,
    }),
  }
}

const statusOf = (value: number | null) => (value === null ? null : value > 400 ? 'high' : value < 40 ? 'low' : null)
