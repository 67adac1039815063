import type { Window } from '@bg-ingest/domain'
import { transmitterId } from './identity.ts'
import type { Order, Series, SourceEgv } from './series.ts'
import type { ReplayRecord } from './users.ts'

interface ReplayInput {
  readonly seed: string
  readonly name: string
  readonly readings: readonly ReplayRecord[]
}

/** Plays recorded readings back as they are: one transmitter, which started with the first of them. */
export function createReplaySeries({ seed, name, readings }: ReplayInput): Series {
  const sorted = readings.toSorted((a, b) => a.systemTimeMs - b.systemTimeMs)
  const startMs = sorted[0]?.systemTimeMs ?? 0
  const transmitter = transmitterId(seed, name, 0)
  const firstAtOrAfter = (epochMs: number) => lowerBound(sorted, epochMs)

  function* egvs({ fromMs, toMs }: Window, order: Order): Generator<SourceEgv> {
    const first = firstAtOrAfter(fromMs)
    const end = firstAtOrAfter(toMs)
    for (let i = 0; i < end - first; i++) {
      const index = order === 'oldest-first' ? first + i : end - 1 - i
      const reading = sorted[index]
      if (!reading) return
      yield {
        // The place among readings of the same instant keeps two of them apart.
        key: `${reading.systemTimeMs}-${index - firstAtOrAfter(reading.systemTimeMs)}`,
        systemTimeMs: reading.systemTimeMs,
        uploadTimeMs: reading.uploadTimeMs ?? reading.systemTimeMs,
        transmitterId: transmitter,
        transmitterTicks: Math.floor((reading.systemTimeMs - startMs) / 1000),
        value: reading.value,
        trend: reading.trend ?? null,
        trendRate: reading.trendRate ?? null,
      }
    }
  }
  return { egvs, calibrations: () => [], events: () => [] }
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
