import { calendarMs } from '@bg-ingest/domain'

// Shapes seen in the wild (dexcom-api.md 4): no seconds, fractions, Z, +-hh, +-hh:mm, +-hhmm, +-hh:mm:ss, none at all.
const SHAPE =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)?$/

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
  const match = SHAPE.exec(text)
  if (!match) return null
  const [, y = '', mo = '', d = '', h = '', mi = '', s = '00', fraction = '0', zone] = match
  const wallMs = calendarMs(Number(y), Number(mo), Number(d), Number(h), Number(mi), Number(s))
  if (wallMs === null) return null
  const offsetSeconds = zone === undefined ? null : zoneSeconds(zone)
  if (offsetSeconds !== null && Math.abs(offsetSeconds) > 18 * 3600) return null
  const offsetMinutes = offsetSeconds === null ? null : Math.round(offsetSeconds / 60) + 0
  return {
    epochMs: wallMs + Number(fraction.slice(0, 3).padEnd(3, '0')) - (offsetMinutes ?? 0) * 60_000,
    offsetMinutes,
    wall: `${y}-${mo}-${d}T${h}:${mi}:${s}`,
  }
}

function zoneSeconds(zone: string): number {
  if (zone === 'Z') return 0
  const [h = '0', m = '0', s = '0'] = zone.slice(1).match(/\d{2}/g) ?? []
  return (zone.startsWith('-') ? -1 : 1) * (Number(h) * 3600 + Number(m) * 60 + Number(s))
}

/** What a device showed, for output: wall clock with its offset where Dexcom sent one, without where not. */
export function localTimeText({ wall, offsetMinutes }: WireTime): string {
  if (offsetMinutes === null) return wall
  const size = Math.abs(offsetMinutes)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${wall}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

/** Query time of the window endpoints: exactly 19 characters, UTC, no zone (dexcom-api.md 3.1). */
export const toQueryTime = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 19)
