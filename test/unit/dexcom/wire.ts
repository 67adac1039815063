import { Measurement } from '@bg-ingest/domain'

export const NOW_MS = Date.parse('2026-11-20T15:00:00Z')
export const TRANSMITTER = '9a0c51d2e7f84b6690aa31c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708'

/** The phone record of dexcom-api.md 10.2. */
export const anEgv = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  recordId: '6d0f4a1e-8f0b-4d43-9c1f-0a6a3b7c2e10',
  systemTime: '2026-11-20T14:49:55Z',
  displayTime: '2026-11-20T09:49:55-05:00',
  transmitterId: TRANSMITTER,
  transmitterTicks: 85273,
  value: 101,
  status: null,
  trend: 'flat',
  trendRate: 0.3,
  unit: 'mg/dL',
  rateUnit: 'mg/dL/min',
  displayDevice: 'iOS',
  transmitterGeneration: 'g7',
  transmitterGenerationVariant: 'g7',
  displayApp: 'G7',
  ...changes,
})

export const aFingerstick = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  recordId: 'b7c8d9e0-1a2b-4c3d-8e4f-5a6b7c8d9e0f',
  systemTime: '2026-11-20T12:00:00Z',
  displayTime: '2026-11-20T07:00:00-05:00',
  eventStatus: 'created',
  eventType: 'bloodGlucose',
  eventSubType: null,
  value: '112',
  unit: 'mg/dL',
  transmitterId: TRANSMITTER,
  transmitterGeneration: 'g7',
  displayDevice: 'iOS',
  ...changes,
})

export const without = (record: Record<string, unknown>, field: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== field))

export const page = (recordType: string, records: readonly unknown[]) => ({
  recordType,
  recordVersion: '3.0',
  userId: 'dexcom-user',
  records,
})

/** True where the domain's own schema takes it: what a store would read back. */
export const isMeasurement = (value: unknown): boolean => Measurement.safeParse(value).success
