import type { Order, SourceRecord, Walk } from '../series.ts'

/** One walk out of several, each already in order; lazy. Of the same instant, the earlier walk comes first when walking forward. */
export function mergeWalks<T extends SourceRecord>(walks: readonly Walk<T>[]): Walk<T> {
  return (span, order) =>
    merge(
      walks.map((walk) => walk(span, order)),
      order,
    )
}

export function* merge<T extends SourceRecord>(streams: readonly Iterable<T>[], order: Order): Generator<T> {
  const iterators = streams.map((stream) => stream[Symbol.iterator]())
  const heads = iterators.map((iterator) => iterator.next())
  for (;;) {
    const at = firstOf(heads, order)
    const head = heads[at]
    const iterator = iterators[at]
    if (!head || head.done || !iterator) return
    yield head.value
    heads[at] = iterator.next()
  }
}

/** Which head comes next; -1 where all have ended. Ties go to the first when walking forward and to the last backward. */
function firstOf(heads: readonly IteratorResult<SourceRecord>[], order: Order): number {
  let best = -1
  let bestMs = 0
  for (const [i, head] of heads.entries()) {
    if (head.done) continue
    const ms = head.value.systemTimeMs
    const comesFirst = order === 'oldest-first' ? ms < bestMs : ms >= bestMs
    if (best < 0 || comesFirst) [best, bestMs] = [i, ms]
  }
  return best
}

/** A walk over a few records that are all known. */
export function walkList<T extends SourceRecord>(records: readonly T[]): Walk<T> {
  const sorted = records.toSorted((a, b) => a.systemTimeMs - b.systemTimeMs)
  return function* walk({ fromMs, toMs, measuredBeforeMs = toMs }, order) {
    const endMs = Math.min(toMs, measuredBeforeMs)
    for (const record of order === 'oldest-first' ? sorted : sorted.toReversed())
      if (record.systemTimeMs >= fromMs && record.systemTimeMs < endMs) yield record
  }
}

/** A walk whose records are changed one by one, or left out where the answer is null; none changes its time. */
export function mapWalk<T extends SourceRecord>(walk: Walk<T>, change: (record: T) => T | null): Walk<T> {
  return function* changed(span, order) {
    for (const record of walk(span, order)) {
      const kept = change(record)
      if (kept !== null) yield kept
    }
  }
}
