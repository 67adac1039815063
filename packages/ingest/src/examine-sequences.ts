import { type ChangeRange, DAY_MS, epochMs, type Instant, type ReadingKey, toInstant } from '@bg-ingest/domain'
import type { FindingKind } from './findings.ts'

/** A stored reading as far as its number goes. */
export interface NumberedKey {
  readonly key: ReadingKey
  readonly sequence: number
}

export interface Sequences {
  readonly committed: number
  /** In order; from the first on, or only the newest. */
  readonly ranges: readonly ChangeRange[]
  readonly stored: readonly NumberedKey[]
  /** Stored readings are all that have a timestamp from here on; null for all there are. */
  readonly since: Instant | null
  /** 0 keeps for ever. */
  readonly retentionDays: number
  readonly nowMs: number
}

/** A log item lives at least as long, whatever it tells of; retention cannot have taken one that is younger. */
const LOG_LIFE_MS = 7 * DAY_MS

type Counts = Partial<Record<FindingKind, number>>

/**
 * Whether every number has one owner and every reading stands in the log: holes and overlaps of the log, readings that no
 * log item names or that stand above the committed number, and entries whose reading is gone. What retention has taken is
 * no finding.
 */
export function examineSequences(sequences: Sequences): Counts {
  return { ...examineLog(sequences), ...examineReadings(sequences) }
}

function examineLog({ committed, ranges, since, retentionDays, nowMs }: Sequences): Counts {
  const mayBeGone = (at: Instant) => retentionDays > 0 && epochMs(at) < nowMs - LOG_LIFE_MS
  let next = since === null ? 1 : (ranges[0]?.first ?? committed + 1)
  let holes = 0
  let overlaps = 0
  for (const { first, last, at, changes } of ranges) {
    if (first > next && !mayBeGone(at)) holes += first - next
    if (first < next) overlaps += Math.min(next, last + 1) - first
    holes += Math.max(0, last - first + 1 - new Set(changes.map(({ sequence }) => sequence)).size)
    next = Math.max(next, last + 1)
  }
  const newest = ranges.at(-1)
  const isOld = newest ? mayBeGone(newest.at) : retentionDays > 0
  if (next <= committed && !isOld) holes += committed - next + 1
  return { log_hole: holes, log_overlap: overlaps }
}

function examineReadings(sequences: Sequences): Counts {
  const { committed, ranges, stored, since } = sequences
  const changes = ranges.flatMap((range) => range.changes)
  const owners = new Map(changes.map(({ sequence, key }) => [sequence, key]))
  const oldest = since === null ? 1 : (ranges[0]?.first ?? committed + 1)
  const strays = stored.filter(({ key, sequence }) => owners.get(sequence) !== key)
  const there = new Set(stored.map(({ key }) => key))
  const from: string = lookedAtFrom(sequences)
  const missing = new Set(
    changes
      .filter(
        ({ sequence, kind, key }) => sequence <= committed && kind !== 'deleted' && key >= from && !there.has(key),
      )
      .map(({ key }) => key),
  )
  return {
    reading_unlogged: strays.filter(({ sequence }) => sequence <= committed && sequence >= oldest).length,
    reading_ahead: strays.filter(({ sequence }) => sequence > committed).length,
    reading_missing: missing.size,
  }
}

/** What passes retention between two reads is in one of them alone. */
const MARGIN_MS = 60_000

function lookedAtFrom({ since, retentionDays, nowMs }: Sequences): Instant {
  const kept = retentionDays > 0 ? toInstant(nowMs - retentionDays * DAY_MS + MARGIN_MS) : toInstant(0)
  return since !== null && since > kept ? since : kept
}
