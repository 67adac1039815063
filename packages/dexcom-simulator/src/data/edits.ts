import type { Facts } from '../options/fact-options.ts'
import type { SourceEgv } from '../series.ts'

/** Readings as they stand at an instant: the newest edit that has come by then decides the value, and counts as an upload. */
export function createEdits(edits: Facts['edits'] = [], nowMs: number) {
  const known = edits.filter(({ fromMs }) => fromMs <= nowMs).toSorted((a, b) => a.fromMs - b.fromMs)
  const newest = new Map(known.map((edit) => [edit.systemTimeMs, edit]))

  return function* edited(egvs: Iterable<SourceEgv>): Generator<SourceEgv> {
    for (const egv of egvs) {
      const edit = newest.get(egv.systemTimeMs)
      yield edit ? { ...egv, value: edit.value, uploadTimeMs: Math.max(egv.uploadTimeMs, edit.fromMs) } : egv
    }
  }
}
