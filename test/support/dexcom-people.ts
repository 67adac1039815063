import type { SimulatedUser } from '@bg-ingest/dexcom-simulator'
import { readingsBetween } from './flows-over-http.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NEW_YORK = 'America/New_York'

/** The last moment before `nowMs` at which New York changed its clocks. */
function lastChangeOfClocks(nowMs: number): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: NEW_YORK, timeZoneName: 'shortOffset' })
  const offsetAt = (ms: number) => format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value
  const hour = Math.floor(nowMs / HOUR_MS) * HOUR_MS
  for (let ms = hour; ms > hour - 366 * DAY_MS; ms -= HOUR_MS) if (offsetAt(ms) !== offsetAt(ms - HOUR_MS)) return ms
  throw new RangeError('New York has not changed its clocks for a year')
}

/**
 * People whose devices do what scenarios S01 to S20 rehearse, so that `nowMs` is the end of the story; it begins three
 * hours before.
 */
export function dexcomPeople(nowMs: number): SimulatedUser[] {
  const lively = { kind: 'generated', profile: 'lively', historyDays: 0.4 } as const
  const uploadedAt = nowMs - 2 * HOUR_MS
  const receiver = readingsBetween(nowMs, 10 * 24 + 6, 10 * 24, 20).map((one) => ({ ...one, uploadTimeMs: uploadedAt }))
  const changed = { fromMs: nowMs - HOUR_MS }
  const fingerstick = (
    hours: number,
    changes: { fromMs: number; value: string }[] | { fromMs: number; deleted: true }[],
  ) => ({
    systemTimeMs: nowMs - hours * HOUR_MS,
    eventType: 'bloodGlucose' as const,
    value: '112',
    unit: 'mg/dL',
    changes,
  })
  return [
    {
      ...lively,
      name: 'late-burst',
      offline: [{ fromMs: nowMs - 8 * HOUR_MS, toMs: nowMs - 4 * HOUR_MS, uploadedAtMs: uploadedAt }],
    },
    {
      name: 'receiver-upload',
      kind: 'replay',
      device: 'g6-receiver',
      readings: [...receiver, ...readingsBetween(nowMs, 20, 3, 60)],
    },
    { ...lively, name: 'twins', order: 'shuffled', repeats: 0.2, twin: { device: 'watch', secondsApart: 9 } },
    { ...lively, name: 'close-pair', pairs: [{ atMs: nowMs - 4 * HOUR_MS, first: 120, second: 131 }] },
    { name: 'reconnect', kind: 'replay', recordIds: 'per-grant', readings: readingsBetween(nowMs, 30 * 24, 2, 180) },
    { ...lively, name: 'new-ids-each-poll', recordIds: 'per-call' },
    { ...lively, name: 'odd-records' },
    { ...lively, name: 'odd-times', clock: { driftSecondsPerDay: 600 } },
    {
      ...lively,
      name: 'travel',
      travel: [{ atMs: nowMs - 5 * HOUR_MS, zone: 'Asia/Tokyo' }],
      quirks: { offsetSeconds: 1 },
    },
    {
      name: 'change-of-clocks',
      kind: 'replay',
      zone: NEW_YORK,
      readings: readingsBetween(lastChangeOfClocks(nowMs) + 2 * HOUR_MS, 4, 0),
    },
    {
      ...lively,
      name: 'cadence',
      cadence: [
        { fromMs: nowMs - 9 * HOUR_MS, minutes: 1 },
        { fromMs: nowMs - 8 * HOUR_MS, minutes: 15 },
        { fromMs: nowMs - 4 * HOUR_MS, minutes: 5 },
      ],
    },
    { ...lively, name: 'plateau', held: [{ fromMs: nowMs - 4 * HOUR_MS, toMs: nowMs - 200 * MINUTE_MS, value: 142 }] },
    {
      ...lively,
      name: 'clock-ahead',
      // Shown behind the vendor's hour, and then with a time that is still to come, or has come a moment ago.
      clock: { errors: [{ fromMs: nowMs - 70 * MINUTE_MS, toMs: nowMs - HOUR_MS, aheadMs: HOUR_MS + 45_000 }] },
    },
    {
      ...lively,
      name: 'decade-ahead',
      clock: { errors: [{ fromMs: nowMs - 4 * HOUR_MS, toMs: nowMs - 2 * HOUR_MS, aheadMs: 3_652 * DAY_MS }] },
    },
    {
      ...lively,
      name: 'fingersticks',
      events: [
        fingerstick(6, [{ ...changed, deleted: true }]),
        fingerstick(5, [{ ...changed, value: '131' }]),
        fingerstick(4, [] as { fromMs: number; value: string }[]),
      ],
    },
    ...['herd', 'revoked', 'new-password', 'token-500', 'token-502', 'token-empty'].map((name) => ({
      ...lively,
      name,
    })),
  ]
}
