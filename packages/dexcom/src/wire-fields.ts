import { instantOf, localTimeText, parseWireTime } from '@bg-ingest/dexcom-contract'
import type { Instant } from '@bg-ingest/domain'

/** A wrong phone clock may lie ahead; ten minutes is more than drift (dexcom-api.md 4), beyond it nothing is `latest`. */
const FUTURE_TOLERANCE_MS = 600_000

/** Dexcom's longest text is a transmitterId of 64 characters; what is longer is not worth a place in the table. */
const TEXT_LIMIT = 200

/** A systemTime; the instant, or why the record cannot be placed in time. */
export function readTimestamp(text: string, nowMs: number): { readonly at: Instant } | 'time' | 'future' {
  const time = parseWireTime(text)
  if (!time) return 'time'
  return time.epochMs > nowMs + FUTURE_TOLERANCE_MS ? 'future' : { at: instantOf(time) }
}

/** A displayTime, for people to read; null where a device sent none or nonsense. */
export function readLocalTime(text: unknown): string | null {
  const time = typeof text === 'string' ? parseWireTime(text) : null
  return time && localTimeText(time)
}

/** A time that decides nothing: null where it is none. */
export function readInstant(text: unknown): Instant | null {
  const time = typeof text === 'string' ? parseWireTime(text) : null
  return time && instantOf(time)
}

/** Half a character, at the cut or as sent, is no text that a table gives back as it was. */
export const cut = (text: string): string =>
  (text.length > TEXT_LIMIT ? text.slice(0, TEXT_LIMIT) : text).toWellFormed()

/** Some apps send "" for a transmitter they do not know (dexcom-api.md 3.2). */
export const textOrNull = (text: unknown): string | null => (typeof text === 'string' && text !== '' ? cut(text) : null)
