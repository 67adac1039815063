import {
  DAY_MS,
  type Instant,
  PublicReading,
  READING_TYPES,
  type ReadingKey,
  type ReadingNames,
  type ReadingType,
  readingNames,
  type StoredReading,
  toInstant,
  toPublicReading,
  type Unit,
} from '@bg-ingest/domain'
import type { RangeQuery, ReadingReader } from '@bg-ingest/store/read'
import * as z from 'zod'
import type { Standing } from './standing.ts'

/** One page of readings whose JSON was written before. */
export interface WrittenPage {
  /** JSON of the rows, with commas between them. */
  readonly rows: Buffer
  readonly count: number
  /** Timestamp of the oldest of them; null of an empty page. */
  readonly oldest: Instant | null
  /** Sort key of the last row, where more follow. */
  readonly last: string | null
}

/** Pages of the last day, cut from what was read for an earlier call: as long as nothing was stored since. */
export interface RecentReadings {
  /** Null where the page lies elsewhere, or is not worth keeping: then the store has to be asked. */
  page(standing: Standing, unit: Unit, query: RangeQuery): Promise<WrittenPage | null>
}

interface Row {
  readonly key: ReadingKey
  readonly timestamp: Instant
  readonly type: ReadingType
  readonly json: string
}

interface Kept {
  readonly revision: string
  /** Everything from here on is in `rows`, oldest first. */
  readonly from: Instant
  readonly loadedAtMs: number
  readonly rows: readonly Row[]
  /** The page that was cut last. */
  page: { readonly name: string; readonly rows: Buffer } | null
}

interface Needs {
  readonly readings: Pick<ReadingReader, 'range'>
  readonly now: () => number
}

/** A day and a bit, for whoever asks from the full hour or minute on. */
const SPAN_MS = DAY_MS + 3_600_000
/** Five sensors' worth of a day; who has more in it is read from the store each time. */
const MOST_ROWS = 1_000
/** Below it the store reads less for the call than would have to be kept. */
const WORTH_LIMIT = 100
/** Whatever a repair may have changed without a new sequence is seen after so long. */
const KEPT_MS = 300_000
/** At 0.5 kB a row 30 MB, and as much again for pages. Whoever was not asked for longest makes room. */
const MOST_ROWS_KEPT = 60_000
const FOR_EVER = toInstant(Date.UTC(9999, 11, 31))

/** Reading 288 items of DynamoDB and writing their JSON costs 6 ms of CPU, the same page from here a twentieth (docs/adr/0015). */
export function createRecentReadings({ readings: store, now }: Needs): RecentReadings {
  const kept = new Map<string, Kept>()
  let total = 0
  const drop = (key: string) => {
    total -= kept.get(key)?.rows.length ?? 0
    kept.delete(key)
  }
  const keep = (key: string, entry: Kept) => {
    drop(key)
    kept.set(key, entry)
    total += entry.rows.length
    for (const oldest of kept.keys()) {
      if (total <= MOST_ROWS_KEPT) break
      drop(oldest)
    }
  }
  const find = (key: string, { revision }: Standing): Kept | null => {
    const found = kept.get(key)
    if (!found) return null
    drop(key)
    if (found.revision !== revision || now() - found.loadedAtMs >= KEPT_MS) return null
    keep(key, found)
    return found
  }
  const load = async (standing: Standing, unit: Unit, query: RangeQuery): Promise<Kept | null> => {
    const nowMs = now()
    const from = toInstant(nowMs - SPAN_MS)
    if (query.from < from || query.limit < WORTH_LIMIT) return null
    const all = { userId: query.userId, from, to: FOR_EVER, order: 'asc', types: new Set(READING_TYPES) } as const
    const { readings, last } = await store.range({ ...all, limit: MOST_ROWS })
    if (last !== null) return null
    const names = readingNames()
    const json = rowWriter(unit, names)
    const rows = readings.map((reading) => ({
      key: names.key(reading),
      timestamp: reading.timestamp,
      type: reading.type,
      json: json(reading),
    }))
    return { revision: standing.revision, from, loadedAtMs: nowMs, rows, page: null }
  }

  return {
    async page(standing, unit, query) {
      if (!standing.isSettled) return null
      const key = `${query.userId} ${unit}`
      const found = find(key, standing)
      if (found && found.from <= query.from) return cut(found, query)
      const loaded = await load(standing, unit, query)
      if (!loaded) return null
      keep(key, loaded)
      return cut(loaded, query)
    },
  }
}

const Row = z.compile(PublicReading, { strict: true })

/** Readings as they are served, checked as every answer is. One writer for each page. */
export const rowWriter =
  (unit: Unit, { id }: Pick<ReadingNames, 'id'> = readingNames()) =>
  (reading: StoredReading): string =>
    JSON.stringify(Row.parse(toPublicReading(reading, unit, id)))

/** What the store would answer to this query. */
function cut(kept: Kept, { from, to, order, types, limit, after }: RangeQuery): WrittenPage {
  const isBehind = (key: string) => !after || (order === 'asc' ? key > after : key < after)
  const inside = kept.rows.filter(
    ({ key, timestamp, type }) => timestamp >= from && timestamp < to && types.has(type) && isBehind(key),
  )
  if (order === 'desc') inside.reverse()
  const page = inside.slice(0, limit)
  const [first, end] = [page[0], page.at(-1)]
  return {
    rows: joined(kept, page, `${first?.key} ${end?.key} ${page.length} ${[...types]}`),
    count: page.length,
    oldest: (order === 'asc' ? first : end)?.timestamp ?? null,
    last: inside.length > limit ? (end?.key ?? null) : null,
  }
}

/** The bytes of a page, kept with the rows: whoever looks at a screen asks for the same page again. */
function joined(kept: Kept, page: readonly Row[], name: string): Buffer {
  if (kept.page?.name !== name) kept.page = { name, rows: Buffer.from(page.map(({ json }) => json).join(',')) }
  return kept.page.rows
}
