import { type Deletion, epochMs, type Measurement, type Window } from '@bg-ingest/domain'

/** Neighbours that the diff looks at besides: twins lie seconds apart, clocks drift by less than a minute. */
const MARGIN_MS = 60_000
/** A query costs a read unit however little it finds; two hours of readings cost 3 (24 of 450 bytes, 4 KB a unit). */
const GAP_MS = 2 * 3_600_000
const SPANS_LIMIT = 8

/**
 * Where to look for what is stored of these records: around their own times. A fingerstick may have moved from anywhere
 * in its window, so then it is looked for in the whole.
 */
export function spansToRead(
  {
    measurements,
    deletions,
  }: { readonly measurements: readonly Measurement[]; readonly deletions: readonly Deletion[] },
  window?: Window,
): readonly Window[] {
  const times = [...measurements, ...deletions].map(({ timestamp }) => epochMs(timestamp)).sort((a, b) => a - b)
  const [first] = times
  const last = times.at(-1)
  if (first === undefined || last === undefined) return []
  const whole = { fromMs: first - MARGIN_MS, toMs: last + MARGIN_MS }
  if (window && (deletions.length > 0 || measurements.some(({ type }) => type === 'manual')))
    return [{ fromMs: Math.min(whole.fromMs, window.fromMs), toMs: Math.max(whole.toMs, window.toMs) }]
  const spans = clusters(times)
  return spans.length <= SPANS_LIMIT ? spans : [whole]
}

function clusters(times: readonly number[]): Window[] {
  const spans: Window[] = []
  for (const time of times) {
    const open = spans.at(-1)
    if (open && time - open.toMs <= GAP_MS) spans[spans.length - 1] = { ...open, toMs: time + MARGIN_MS }
    else spans.push({ fromMs: time - MARGIN_MS, toMs: time + MARGIN_MS })
  }
  return spans
}
