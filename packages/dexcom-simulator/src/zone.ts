import type { Facts } from './options/fact-options.ts'

// Every rule change of the last decades fell on a whole quarter of an hour in UTC (Lord Howe: 15:30).
const QUARTER_MS = 15 * 60_000

/** Seconds east of UTC that a wall clock shows at an instant; some old offsets are no whole minutes. */
export type ZoneOffset = (epochMs: number) => number

/**
 * Offsets of an IANA zone. Intl costs microseconds a call, and pages are walked in order, so the answer for the last
 * quarter of an hour is kept. Throws RangeError for an unknown zone.
 */
export function createZoneOffset(zone: string): ZoneOffset {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  let quarter = Number.NaN
  let offset = 0
  return (epochMs) => {
    const asked = Math.floor(epochMs / QUARTER_MS)
    if (asked !== quarter) {
      offset = parseOffset(format.format(asked * QUARTER_MS))
      quarter = asked
    }
    return offset
  }
}

/** Offsets of somebody who travels: each place's zone from the moment of arrival on. */
export function createTravelOffset(home: string, travel: Facts['travel'] = []): ZoneOffset {
  const atHome = createZoneOffset(home)
  if (travel.length === 0) return atHome
  const latestFirst = travel
    .toSorted((a, b) => b.atMs - a.atMs)
    .map(({ atMs, zone }) => ({ atMs, offsetOf: createZoneOffset(zone) }))
  return (epochMs) => (latestFirst.find(({ atMs }) => epochMs >= atMs)?.offsetOf ?? atHome)(epochMs)
}

/** Reads the tail of `11/20/2026, GMT-05:00` or `1/1/1960, GMT-00:44:30`; zero is written as a bare `GMT`. */
function parseOffset(text: string): number {
  const match = /GMT([+-])(\d{2}):(\d{2})(?::(\d{2}))?/.exec(text)
  if (!match) return 0
  const [, sign, hours, minutes, seconds = '0'] = match
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds))
}

export function isZone(zone: string): boolean {
  try {
    createZoneOffset(zone)
    return true
  } catch {
    return false
  }
}
