const MINUTE_MS = 60_000

// Every rule change of the last decades fell on a whole quarter of an hour in UTC (Lord Howe: 15:30).
const QUARTER_MS = 15 * MINUTE_MS

/** Minutes east of UTC that a wall clock in one zone shows at an instant. */
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

/** Reads the tail of `11/20/2026, GMT-05:00`; zero is written as a bare `GMT`. */
function parseOffset(text: string): number {
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(text)
  if (!match) return 0
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]))
}

export function isZone(zone: string): boolean {
  try {
    createZoneOffset(zone)
    return true
  } catch {
    return false
  }
}
