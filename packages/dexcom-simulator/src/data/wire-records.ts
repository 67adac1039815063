import type { Account } from '../accounts.ts'
import { recordId } from '../identity.ts'
import type { SourceAlert, SourceCalibration, SourceEgv, SourceRecord } from '../series.ts'
import { createTravelOffset } from '../zone.ts'
import { createQuirkDice } from './quirk-dice.ts'
import type { ToldEvent } from './told-events.ts'
import { createTimeWriter, type WireTimes } from './wire-moments.ts'

type WireRecord = Readonly<Record<string, unknown>>

/** Writes the records of one account as Dexcom does for one application (dexcom-api.md 3 and 10). */
export interface WireWriter {
  readonly times: (systemTimeMs: number) => WireTimes
  readonly recordId: (type: string, record: Pick<SourceRecord, 'key'>) => string
  readonly egv: (record: SourceEgv) => WireRecord
  readonly calibration: (record: SourceCalibration) => WireRecord
  readonly event: (record: ToldEvent) => WireRecord
  readonly alert: (record: SourceAlert) => WireRecord
}

/** `idSalt` sets ids apart that must not be the ones of another consent or another answer. */
export function createWireWriter(account: Account, idSalt = ''): WireWriter {
  const { device, options } = account
  const hasQuirk = createQuirkDice(account)
  const timesOf = createTimeWriter(createTravelOffset(account.zone, options.travel), hasQuirk)
  // dexcomUserId already stands for seed, application and account.
  const namespace = `${account.dexcomUserId}${idSalt}`

  const times = (record: SourceRecord) => timesOf(record, (record.twin ?? device).mobile)
  const idOf: WireWriter['recordId'] = (type, { key }) => recordId(namespace, `${type}-${key}`)
  const generation = {
    transmitterGeneration: device.transmitterGeneration,
    transmitterGenerationVariant: device.transmitterGenerationVariant,
  }

  return {
    times: (systemTimeMs) => timesOf({ key: `moment-${systemTimeMs}`, systemTimeMs }, device.mobile),
    recordId: idOf,
    egv: (record) => ({
      recordId: idOf('egv', record),
      ...times(record),
      transmitterId: record.transmitterId,
      transmitterTicks: record.transmitterTicks,
      value: record.value,
      status: statusOf(record.value),
      trend: record.value === null ? 'none' : record.trend,
      trendRate: record.trendRate,
      unit: 'mg/dL',
      rateUnit: 'mg/dL/min',
      displayDevice: (record.twin ?? device).displayDevice,
      ...generation,
      displayApp: (record.twin ?? device).displayApp,
    }),
    calibration: (record) => ({
      recordId: idOf('calibration', record),
      unit: 'mg/dL',
      ...times(record),
      value: record.value,
      displayDevice: device.displayDevice,
      transmitterId: record.transmitterId,
      transmitterTicks: record.transmitterTicks,
      ...generation,
    }),
    event: (record) => ({
      recordId: idOf('event', record),
      ...times(record),
      eventStatus: record.eventStatus,
      eventType: record.eventType,
      eventSubType: record.eventSubType,
      value: record.value,
      unit: record.unit,
      transmitterId: record.transmitterId,
      ...generation,
      displayDevice: device.displayDevice,
    }),
    alert: (record) => ({
      recordId: idOf('alert', record),
      ...times(record),
      alertName: record.alertName,
      alertState: record.alertState,
      displayDevice: device.displayDevice,
      ...generation,
      transmitterId: record.transmitterId,
      displayApp: device.displayApp ?? 'receiver',
    }),
  }
}

const statusOf = (value: number | null) => (value === null ? null : value > 400 ? 'high' : value < 40 ? 'low' : null)
