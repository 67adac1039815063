import { calendarMs, type Instant, toInstant } from '@bg-ingest/domain'

// Shapes seen in the wild (dexcom-api.md 4): no seconds, fractions, Z, +-hh, +-hh:mm, +-hhmm, +-hh:mm:ss, none at all.
const SHAPE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?[0-5]\d(?::?[0-5]\d)?)?)?$/

/** java.time, which writes Dexcom's times, knows no offset beyond this. */
const FARTHEST_ZONE_MINUTES = 18 * 60

/** Character codes of two digits, added up as tens and ones, are this much too high. */
const ZEROS = 11 * '0'.charCodeAt(0)

/** The last moment that an Instant can say; an offset may lie behind it. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

export interface WireTime {
  /** Epoch milliseconds; a text without a zone is read as UTC. */
  readonly epochMs: number
  /** Minutes east of UTC, offset seconds rounded to the minute; null where the text had no zone. */
  readonly offsetMinutes: number | null
  /** The wall clock as written, `YYYY-MM-DDThh:mm:ss`. */
  readonly wall: string
}

/** Reads any time that Dexcom has been seen to send. Null where it names no moment. Never `new Date(text)`: see dexcom-api.md 4. */
export function parseWireTime(text: string): WireTime | null {
  if (USUAL.test(text)) return readUsual(text)
  const match = SHAPE.exec(text)
  if (!match) return null
  const [, seconds = '00', fraction, zone] = match
  const wallMs = wallClockMs(text, Number(seconds))
  if (wallMs === null) return null
  const offsetMinutes = zone === undefined ? null : zoneMinutes(zone)
  if (offsetMinutes !== null && Math.abs(offsetMinutes) > FARTHEST_ZONE_MINUTES) return null
  const fractionMs = fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, '0'))
  const epochMs = wallMs + fractionMs - (offsetMinutes ?? 0) * 60_000
  if (epochMs > LAST_MS) return null
  return { epochMs, offsetMinutes, wall: `${text.slice(0, 10)}T${text.slice(11, 16)}:${seconds}` }
}

// Nearly every time is written so. Read without groups and by position: half of what a page of records costs beyond
// JSON.parse was the reading of its times (docs/performance/import.md).
const USUAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:[0-5]\d)?$/
const ZONE_AT = 19
const [PLUS, MINUS] = ['+'.charCodeAt(0), '-'.charCodeAt(0)]

function readUsual(text: string): WireTime | null {
  const wallMs = wallClockMs(text, two(text, 17))
  if (wallMs === null) return null
  const sign = text.charCodeAt(ZONE_AT)
  const size = sign === PLUS || sign === MINUS ? two(text, 20) * 60 + two(text, 23) : 0
  if (size > FARTHEST_ZONE_MINUTES) return null
  const offsetMinutes = text.length === ZONE_AT ? null : sign === MINUS && size > 0 ? -size : size
  const epochMs = wallMs - (offsetMinutes ?? 0) * 60_000
  return epochMs > LAST_MS ? null : { epochMs, offsetMinutes, wall: text.slice(0, ZONE_AT) }
}

const two = (text: string, start: number) => text.charCodeAt(start) * 10 + text.charCodeAt(start + 1) - ZEROS

const wallClockMs = (text: string, seconds: number) =>
  calendarMs(two(text, 0) * 100 + two(text, 2), two(text, 5), two(text, 8), two(text, 11), two(text, 14), seconds)

/** Offset seconds come from two stamps that were not in step (dexcom-api.md 4); Tidepool rounds them to the minute too. */
function zoneMinutes(zone: string): number {
  if (zone === 'Z') return 0
  const digits = zone.replaceAll(':', '')
  const size =
    Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5)) + Math.round(Number(digits.slice(5, 7)) / 60)
  return zone.startsWith('-') && size > 0 ? -size : size
}

/** The moment as we store it. Most of them are written in UTC and whole seconds, and so need no calendar again. */
export const instantOf = ({ epochMs, offsetMinutes, wall }: WireTime): Instant =>
  offsetMinutes || epochMs % 1000 !== 0 ? toInstant(epochMs) : (`${wall}.000Z` as Instant)

/** What a device showed, for output: wall clock with its offset where Dexcom sent one, without where not. */
export function localTimeText({ wall, offsetMinutes }: WireTime): string {
  if (offsetMinutes === null) return wall
  const size = Math.abs(offsetMinutes)
  return `${wall}${offsetMinutes < 0 ? '-' : '+'}${digits(Math.floor(size / 60))}:${digits(size % 60)}`
}

const digits = (n: number) => (n < 10 ? `0${n}` : String(n))

/** Query time of the window endpoints: exactly 19 characters, UTC, no zone (dexcom-api.md 3.1). */
export const toQueryTime = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 19)

/** Query time of dataRange's `lastSyncTime`, which unlike those of a window must carry its zone (dexcom-api.md 3.4). */
export const toSyncTime = (epochMs: number): string => `${toQueryTime(epochMs)}Z`
