import * as z from 'zod'

/** An instant as we store and serve it: RFC 3339, UTC, exactly three fraction digits. Sorts as text. */
export type Instant = string & { readonly __instant: true }

const SERVED = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

export const Instant = z
  .string()
  .regex(SERVED, 'must be an RFC 3339 instant in UTC with milliseconds')
  .transform((text) => text as Instant)
  .meta({ format: 'date-time' })

/** Epoch milliseconds -> Instant. Throws RangeError outside the years 0000 to 9999, which no clock we trust shows. */
export function toInstant(epochMs: number): Instant {
  const text = new Date(epochMs).toISOString()
  if (!SERVED.test(text)) throw new RangeError('instant outside the years 0000 to 9999')
  return text as Instant
}

export const epochMs = (instant: Instant): number => Date.parse(instant)

// Callers may send any RFC 3339 instant with a zone; a date without one is ambiguous and refused.
const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/

/** Reads an instant that a caller sent. Null where the text is not RFC 3339 with a zone or names no real moment. */
export function parseInstant(text: string): Instant | null {
  const match = RFC3339.exec(text)
  if (!match) return null
  const [, year, month, day, hour, minute, second, fraction = '0', zone = 'Z'] = match
  const utc = calendarMs(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second))
  if (utc === null) return null
  const offset = zone === 'Z' ? 0 : offsetMinutes(zone)
  if (offset === null) return null
  const ms = utc + Number(fraction.slice(0, 3).padEnd(3, '0')) - offset * 60_000
  try {
    return toInstant(ms)
  } catch {
    return null // NOTE: 9999-12-31T23:59:59-12:00 is past what four digits can say
  }
}

/** Milliseconds since the epoch of a calendar time read as UTC; null where no such time exists (30 February, 24:01). */
export function calendarMs(y: number, mo: number, d: number, h: number, mi: number, s: number): number | null {
  // Date.UTC reads a year below 100 as one of the last century.
  const real = y >= 100 && d >= 1 && d <= daysIn(y, mo) && h <= 23 && mi <= 59 && s <= 59
  return real ? Date.UTC(y, mo - 1, d, h, mi, s) : null
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

/** Days of a month, 1 to 12; 0 where there is none of that number. */
function daysIn(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0)
}

function offsetMinutes(zone: string): number | null {
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(4, 6))
  if (hours > 23 || minutes > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
