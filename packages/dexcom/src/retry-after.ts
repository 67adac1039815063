/** Dexcom documents no header with its 429; a minute is what its hourly budget makes plausible (promises.md I9). */
const DEFAULT_MS = 60_000
const LEAST_MS = 1_000
/** Longer than this and a typing error upstream stops everybody for a day. */
const MOST_MS = 900_000

const SECONDS = /^\d{1,15}$/
/** RFC 9110's fixed date; Date.parse alone would read "-1" as a year. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** Retry-After in seconds or as a date -> milliseconds to wait, within 1 s and 15 min; a minute where it says nothing usable. */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  const wait = SECONDS.test(header ?? '') ? Number(header) * 1000 : untilDate(header ?? '', nowMs)
  return wait === null ? DEFAULT_MS : Math.min(Math.max(wait, LEAST_MS), MOST_MS)
}

function untilDate(header: string, nowMs: number): number | null {
  const at = HTTP_DATE.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? null : at - nowMs
}
