import { DAY_MS, type Window } from '@bg-ingest/domain'
import type { DeviceClock } from '../options/fact-options.ts'
import type { Order, SourceRecord, Span, Walk } from '../series.ts'
import { merge } from './merge.ts'

/** Readings are rounded to the second after a drift, so its inverse is right to a second; one more for safety. */
const ROUNDING_MS = 2000

interface Stretch extends Window {
  readonly aheadMs: number
}

/**
 * Walks by the times that a wrong clock gives. While the clock is set wrong, records lie elsewhere, and overlap others in
 * time: each stretch of one setting is a walk of its own, and all are merged.
 */
export function createDeviceClock({ driftSecondsPerDay = 0, setAtMs = 0, errors = [] }: DeviceClock) {
  const stretches = stretchesOf(errors)
  /** Milliseconds per millisecond. */
  const drift = (driftSecondsPerDay * 1000) / DAY_MS

  const shown = (measuredMs: number, aheadMs: number) =>
    measuredMs + aheadMs + Math.round((drift * (measuredMs - setAtMs)) / 1000) * 1000
  const measuredAround = (systemMs: number, aheadMs: number) => (systemMs - aheadMs + drift * setAtMs) / (1 + drift)

  function* within<T extends SourceRecord>(walk: Walk<T>, span: Span, order: Order, stretch: Stretch): Generator<T> {
    const { aheadMs } = stretch
    const part: Span = {
      ...span,
      fromMs: Math.max(stretch.fromMs, measuredAround(span.fromMs, aheadMs) - ROUNDING_MS),
      toMs: Math.min(stretch.toMs, measuredAround(span.toMs, aheadMs) + ROUNDING_MS),
    }
    if (part.fromMs >= part.toMs) return
    for (const record of walk(part, order)) {
      const systemTimeMs = shown(record.systemTimeMs, aheadMs)
      if (systemTimeMs < span.fromMs || systemTimeMs >= span.toMs) continue
      yield { ...record, systemTimeMs, measuredMs: record.systemTimeMs }
    }
  }

  return <T extends SourceRecord>(walk: Walk<T>): Walk<T> =>
    (span, order) =>
      merge(
        stretches.map((stretch) => within(walk, span, order, stretch)),
        order,
      )
}

/** All of time, cut where the setting of the clock changes. */
function stretchesOf(errors: readonly Stretch[]): Stretch[] {
  const stretches: Stretch[] = []
  let fromMs = Number.NEGATIVE_INFINITY
  for (const error of errors) {
    stretches.push({ fromMs, toMs: error.fromMs, aheadMs: 0 }, error)
    fromMs = error.toMs
  }
  return [...stretches, { fromMs, toMs: Number.POSITIVE_INFINITY, aheadMs: 0 }]
}
