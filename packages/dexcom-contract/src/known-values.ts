import { TRENDS } from '@bg-ingest/domain'

/**
 * The lists that Dexcom closes (v3, swagger), by the name of the field, with the values seen in the wild since: `ok` on an
 * older copy of the page, `g6 pro` (2020-04), `g715day` (2025-12), receivers, `note`, `fixedLow`. Dexcom adds to them
 * without notice, so nothing is refused for being absent here; what is absent is counted.
 */
export const KNOWN_VALUES = {
  trend: new Set(TRENDS),
  status: new Set(['unknown', 'high', 'low', 'ok']),
  unit: new Set(['unknown', 'mg/dL', 'mmol/L']),
  rateUnit: new Set(['unknown', 'mg/dL/min', 'mmol/L/min']),
  eventStatus: new Set(['created', 'updated', 'deleted']),
  eventType: new Set(['unknown', 'insulin', 'carbs', 'exercise', 'health', 'bloodGlucose', 'notes', 'note']),
  transmitterGeneration: new Set(['unknown', 'g4', 'g5', 'g6', 'g6+', 'g6Pro', 'g6 pro', 'dexcomPro', 'g7', 'g715day']),
  displayDevice: new Set(['unknown', 'receiver', 'iOS', 'android', 'shareReceiver', 'touchscreenReceiver']),
  alertName: new Set([
    'unknown',
    'high',
    'low',
    'rise',
    'fall',
    'outOfRange',
    'urgentLow',
    'urgentLowSoon',
    'noReadings',
    'fixedLow',
  ]),
  alertState: new Set(['unknown', 'inactive', 'activeSnoozed', 'activeAlarming']),
} as const satisfies Record<string, ReadonlySet<unknown>>

/** A field whose values Dexcom lists. */
export type ListedField = keyof typeof KNOWN_VALUES
