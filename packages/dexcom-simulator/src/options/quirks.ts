import * as z from 'zod'

/** Ways in which a record has been seen, or must be feared, to look odd on the wire (dexcom-api.md 3, 4 and 12.13). */
export const QUIRK_NAMES = [
  'dropSeconds',
  'offsetSeconds',
  'fraction',
  'emptyTransmitterId',
  'noTransmitterId',
  'nullValue',
  'nullTrend',
  'nullStatus',
  'missingTrendRate',
  'unknownTrend',
  'unknownGeneration',
  'unknownUnit',
  'statusOk',
  'noteEvent',
  'negativeEventValue',
  'duplicatedAlertSettings',
  'oddSchedules',
  'extraFields',
  'bigTicks',
  'badRecord',
] as const
export type QuirkName = (typeof QUIRK_NAMES)[number]

/** The share of records that a quirk falls on; the same ones every time. */
const Share = z.union([z.number().min(0).max(1), z.literal('always')])

export const Quirks = z.partialRecord(z.enum(QUIRK_NAMES), Share).readonly()
export type Quirks = z.infer<typeof Quirks>
