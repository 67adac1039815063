import { toQueryTime } from '@bg-ingest/dexcom-contract'

const CADENCE_MS = 300_000

/** Records of /egvs as Dexcom sends them, 396 bytes each: the n-th one of a sensor that began at `fromMs`. */
function egvRecord(fromMs: number, n: number) {
  const at = toQueryTime(fromMs + n * CADENCE_MS)
  return {
    recordId: `3c1f0a52-6a52-4d3e-9f0b-${String(n).padStart(12, '0')}`,
    systemTime: `${at}Z`,
    displayTime: `${at}-05:00`,
    transmitterId: 'a9'.repeat(32),
    transmitterTicks: 900_000 + n * 300,
    value: 80 + (n % 120),
    trend: 'flat',
    trendRate: 0.3,
    unit: 'mg/dL',
    rateUnit: 'mg/dL/min',
    displayDevice: 'iOS',
    transmitterGeneration: 'g7',
    displayApp: 'G7',
  }
}

/** The body of an answer with the records `first` to `first + count - 1`. */
export const egvPage = (account: string, fromMs: number, first: number, count: number): string =>
  JSON.stringify({
    recordType: 'egv',
    recordVersion: '3.0',
    userId: account,
    records: Array.from({ length: count }, (_, i) => egvRecord(fromMs, first + i)),
  })
