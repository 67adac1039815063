import { BURST_PACE } from '../generator/upload-time.ts'
import type { Facts } from '../options/fact-options.ts'
import type { SourceRecord, Walk } from '../series.ts'
import { covering } from './body.ts'
import { mapWalk } from './merge.ts'

type Offline = NonNullable<Facts['offline']>[number]

interface OfflineInput {
  readonly offline: readonly Offline[]
  /** How far back the sensor remembers, milliseconds. */
  readonly backfillMs: number
  /** Whether the records come from the sensor, or were typed into the phone itself. */
  readonly isSensed: boolean
}

/** What was measured while a device was away arrives later, in one burst, or is lost where the sensor forgot it. */
export function withOffline<T extends SourceRecord>(walk: Walk<T>, input: OfflineInput): Walk<T> {
  const { offline, backfillMs, isSensed } = input
  if (offline.length === 0) return walk
  return mapWalk(walk, (record) => {
    const span = covering(offline, record.systemTimeMs)
    if (!span || (span.away === 'sensor' && !isSensed)) return record
    if (span.away === 'sensor' && record.systemTimeMs < span.toMs - backfillMs) return null
    const arrivesMs = span.uploadedAtMs + Math.floor((record.systemTimeMs - span.fromMs) * BURST_PACE)
    return { ...record, uploadTimeMs: Math.max(record.uploadTimeMs, arrivesMs) }
  })
}
