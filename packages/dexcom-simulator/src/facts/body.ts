import type { Window } from '@bg-ingest/domain'
import type { Facts, Pair } from '../options/fact-options.ts'
import type { Life, SourceCalibration, SourceEgv, SourceEvent, SourceRecord, Walk } from '../series.ts'
import { createEventLife } from './event-life.ts'
import { mapWalk, mergeWalks, walkList } from './merge.ts'

const PAIR_APART_MS = 4000

export interface Measured {
  readonly egvs: Walk<SourceEgv>
  readonly calibrations: Walk<SourceCalibration>
  readonly events: Walk<SourceEvent>
}

/** A life with what the options make the body and its owner do: gaps, held values, null values, pairs, more entries. */
export function withScript(life: Life, facts: Facts, dice: number): Measured {
  const { gaps = [], held = [], sensorErrors = [], pairs = [] } = facts

  const asScripted = (egv: SourceEgv): SourceEgv | null => {
    if (covering(gaps, egv.systemTimeMs)) return null
    if (covering(sensorErrors, egv.systemTimeMs)) return { ...egv, value: null, trend: 'none', trendRate: null }
    const span = covering(held, egv.systemTimeMs)
    return span ? { ...egv, value: span.value, trend: 'flat', trendRate: 0 } : egv
  }
  const more = <T extends { readonly systemTimeMs: number; readonly uploadTimeMs?: number | undefined }>(
    kind: string,
    list: readonly T[] = [],
  ) => list.map((one, i) => ({ one, source: sourceOf(life, `${kind}-${i}`, one) }))

  const calibrations: SourceCalibration[] = more('set', facts.calibrations).map(({ one, source }) => ({
    ...source,
    value: one.value,
  }))
  const events: SourceEvent[] = more('set', facts.events).map(({ one, source }) => ({
    ...source,
    eventType: one.eventType,
    eventSubType: one.eventSubType ?? null,
    value: one.value,
    unit: one.unit ?? null,
    ...(one.changes && { changes: one.changes }),
  }))
  const changed = createEventLife(facts.eventLife, dice)
  return {
    egvs: mergeIfAny(mapIf(gaps.length + sensorErrors.length + held.length > 0, life.egvs, asScripted), [
      ...pairs.flatMap((pair, i) => pairEgvs(life, pair, i)),
    ]),
    calibrations: mergeIfAny(life.calibrations, [...calibrations, ...pairs.map((pair, i) => between(life, pair, i))]),
    events: mapIf(facts.eventLife !== undefined, mergeIfAny(life.events, events), changed),
  }
}

/** The span that an instant lies in. */
export const covering = <T extends Window>(spans: readonly T[], epochMs: number): T | undefined =>
  spans.find(({ fromMs, toMs }) => epochMs >= fromMs && epochMs < toMs)

function sourceOf(
  life: Life,
  key: string,
  { systemTimeMs, uploadTimeMs }: { readonly systemTimeMs: number; readonly uploadTimeMs?: number | undefined },
): SourceRecord {
  const source = life.sourceAt(key, systemTimeMs)
  return uploadTimeMs === undefined ? source : { ...source, uploadTimeMs }
}

const pairEgvs = (life: Life, { atMs, first, second, apartMs = PAIR_APART_MS }: Pair, i: number): SourceEgv[] => [
  { ...life.sourceAt(`pair-${i}-1`, atMs), value: first, trend: 'flat', trendRate: 0 },
  { ...life.sourceAt(`pair-${i}-2`, atMs + apartMs), value: second, trend: 'flat', trendRate: 0 },
]

/** What made the sensor change its mind. */
const between = (life: Life, { atMs, second, apartMs = PAIR_APART_MS }: Pair, i: number): SourceCalibration => ({
  ...life.sourceAt(`pair-${i}`, atMs + Math.floor(apartMs / 2000) * 1000),
  value: second,
})

const mergeIfAny = <T extends SourceRecord>(walk: Walk<T>, records: readonly T[]): Walk<T> =>
  records.length === 0 ? walk : mergeWalks([walk, walkList(records)])

const mapIf = <T extends SourceRecord>(isNeeded: boolean, walk: Walk<T>, change: (one: T) => T | null): Walk<T> =>
  isNeeded ? mapWalk(walk, change) : walk
