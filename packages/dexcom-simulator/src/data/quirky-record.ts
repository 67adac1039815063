import type { HasQuirk } from './quirk-dice.ts'

export type WireRecord = Readonly<Record<string, unknown>>

/** 72,364,324,786 stands in Dexcom's own description of transmitterTicks; int32 ends at 2,147,483,647. */
const MANY_TICKS = 72_364_324_786

/** Fields of a record as some app, server release or sensor has written them (dexcom-api.md 3, 6 and 12.13). */
export function quirkyRecord(record: WireRecord, key: string, hasQuirk: HasQuirk): WireRecord {
  const odd: Record<string, unknown> = { ...record }
  const has = (field: string) => Object.hasOwn(record, field)
  const set = (isOdd: boolean, field: string, value: unknown) => {
    if (isOdd && has(field)) odd[field] = value
  }
  set(hasQuirk('nullTrend', key), 'trend', null)
  set(hasQuirk('unknownTrend', key), 'trend', 'sideways')
  set(hasQuirk('statusOk', key) && record['status'] === null, 'status', 'ok')
  set(hasQuirk('nullStatus', key), 'status', null)
  set(hasQuirk('unknownGeneration', key), 'transmitterGeneration', 'g8')
  set(hasQuirk('unknownUnit', key) && record['unit'] === 'mg/dL', 'unit', 'unknown')
  set(hasQuirk('emptyTransmitterId', key), 'transmitterId', '')
  set(hasQuirk('negativeEventValue', key) && record['eventType'] === 'exercise', 'value', '-1.00')
  if (hasQuirk('bigTicks', key)) set(true, 'transmitterTicks', Number(record['transmitterTicks']) + MANY_TICKS)
  if (hasQuirk('missingTrendRate', key)) delete odd['trendRate']
  if (hasQuirk('noTransmitterId', key)) delete odd['transmitterId']
  if (!hasQuirk('extraFields', key)) return odd
  return { ...odd, predictedValue: 1, sensorHealth: { code: 7, words: ['fair', null] }, _v: '3.9' }
}
