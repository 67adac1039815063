import { DAY_MS } from '@bg-ingest/domain'

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS }
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
const MOMENT = /^@([+-])(.+)$/

/** `90s`, `6h`, `1.5d` in milliseconds; null where it is none of these. */
export function durationMs(text: string): number | null {
  const [, amount, unit = ''] = DURATION.exec(text) ?? []
  const unitMs = UNITS_MS[unit]
  return amount === undefined || unitMs === undefined ? null : Math.round(Number(amount) * unitMs)
}

/**
 * Replaces every text `@-6h` or `@+10d` in a JSON value by epoch milliseconds, counted from the scenario's start: so a
 * file reads as a story, and may start at any time.
 */
export function resolveMoments(value: unknown, startMs: number): unknown {
  if (typeof value === 'string') return momentMs(value, startMs) ?? value
  if (Array.isArray(value)) return value.map((item) => resolveMoments(item, startMs))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveMoments(item, startMs)]))
}

function momentMs(text: string, startMs: number): number | null {
  const [, sign, rest = ''] = MOMENT.exec(text) ?? []
  const offsetMs = durationMs(rest)
  if (sign === undefined || offsetMs === null) return null
  return sign === '-' ? startMs - offsetMs : startMs + offsetMs
}
