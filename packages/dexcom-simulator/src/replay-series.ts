import { transmitterId } from './identity.ts'
import type { Life, Order, SourceEgv, SourceRecord, Span } from './series.ts'
import type { ReplayRecord } from './users.ts'

interface ReplayInput {
  readonly seed: string
  readonly name: string
  readonly readings: readonly ReplayRecord[]
}

/** Plays recorded readings back as they are: one transmitter, which started with the first of them. */
export function createReplaySeries({ seed, name, readings }: ReplayInput): Life {
  const sorted = readings.toSorted((a, b) => a.systemTimeMs - b.systemTimeMs)
  const startMs = sorted[0]?.systemTimeMs ?? 0
  const transmitter = transmitterId(seed, name, 0)
  const firstAtOrAfter = (epochMs: number) => lowerBound(sorted, epochMs)

  const sourceAt = (key: string, systemTimeMs: number): SourceRecord => ({
    key,
    systemTimeMs,
    uploadTimeMs: systemTimeMs,
    transmitterId: transmitter,
    transmitterTicks: Math.floor((systemTimeMs - startMs) / 1000),
  })

  function* egvs({ fromMs, toMs, measuredBeforeMs = toMs }: Span, order: Order): Generator<SourceEgv> {
    const first = firstAtOrAfter(fromMs)
    const end = firstAtOrAfter(Math.min(toMs, measuredBeforeMs))
    for (let i = 0; i < end - first; i++) {
      const index = order === 'oldest-first' ? first + i : end - 1 - i
      const reading = sorted[index]
      if (!reading) return
      yield {
        // The place among readings of the same instant keeps two of them apart.
        ...sourceAt(`${reading.systemTimeMs}-${index - firstAtOrAfter(reading.systemTimeMs)}`, reading.systemTimeMs),
        ...(reading.uploadTimeMs === undefined ? {} : { uploadTimeMs: reading.uploadTimeMs }),
        value: reading.value,
        trend: reading.trend ?? null,
        trendRate: reading.trendRate ?? null,
      }
    }
  }
  return { egvs, calibrations: () => [], events: () => [], sourceAt, sessionEndMs: () => null, firstMs: startMs }
}

function lowerBound(sorted: readonly ReplayRecord[], epochMs: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle]?.systemTimeMs ?? epochMs) < epochMs) low = middle + 1
    else high = middle
  }
  return low
}
