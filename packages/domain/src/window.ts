/** Half-open span of epoch milliseconds. */
export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

export const DAY_MS = 86_400_000

/** Dexcom refuses windows above 30 days (dexcom-api.md 3.1; v2 had 90). */
export const WINDOW_LIMIT_MS = 30 * DAY_MS

/**
 * Cuts a span into windows that Dexcom takes, newest first. Neighbours share one second, because nothing says whether
 * `endDate` is exclusive (dexcom-api.md 3.1); what comes twice is stored once.
 */
export function windowsNewestFirst({ fromMs, toMs }: Window): Window[] {
  const windows: Window[] = []
  let end = toMs
  while (end > fromMs) {
    const start = Math.max(fromMs, end - WINDOW_LIMIT_MS)
    windows.push({ fromMs: start, toMs: end })
    if (start === fromMs) break
    end = start + 1000
  }
  return windows
}

interface PollInput {
  readonly nowMs: number
  readonly newestMs: number | null
  readonly lastSuccessMs: number | null
  readonly lookbackMs: number
}

/**
 * The span a poll asks for. A sensor backfills up to 24 h and a phone may have been away, so "newer than the newest"
 * loses readings (dexcom-api.md 5): each poll reaches back behind both the newest reading and the last success.
 */
export function pollWindow({ nowMs, newestMs, lastSuccessMs, lookbackMs }: PollInput): Window {
  return { fromMs: Math.min(newestMs ?? nowMs, lastSuccessMs ?? nowMs, nowMs) - lookbackMs, toMs: nowMs }
}
