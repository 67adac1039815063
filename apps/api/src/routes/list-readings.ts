import {
  AppError,
  DAY_MS,
  epochMs,
  Instant,
  PublicReading,
  READING_TYPES,
  toInstant,
  toPublicReading,
  UNITS,
  UserId,
} from '@bg-ingest/domain'
import type { RangeQuery, ReadingReader } from '@bg-ingest/store/read'
import * as z from 'zod'
import { defineRoute, type Headers } from '../define-route.ts'
import { etagOf, isNamed, PRIVATE_CACHE } from '../etag.ts'
import { expiringTag, unexpiredTag } from '../expiring-tag.ts'
import { readingColumns } from '../formats/reading-columns.ts'
import { InstantInput, pageLimitInput, TypesInput, UnitInput, UserParams, withDefault } from '../parameters.ts'
import { type CursorCodec, decodePosition, encodePosition, type Position } from '../range-cursor.ts'
import { type RecentReadings, rowWriter, type WrittenPage } from '../recent-readings.ts'
import type { Standing } from '../standing.ts'

interface Needs {
  readonly range: ReadingReader['range']
  /** Of the pages of an export behind its first. */
  readonly furtherRange: ReadingReader['range']
  readonly recent: RecentReadings
  readonly standingOf: (userId: UserId) => Promise<Standing>
  readonly cursors: CursorCodec
  readonly now: () => number
}

const MAX_PAGE = 1_000

const Query = z
  .strictObject({
    from: InstantInput.optional().meta({ description: 'Where the span begins; by default 24 hours before `to`' }),
    to: InstantInput.optional().meta({ description: 'Where it ends, itself not in it; by default now' }),
    startDate: InstantInput.optional().meta({ description: 'The same as `from`' }),
    endDate: InstantInput.optional().meta({ description: 'The same as `to`' }),
    limit: withDefault(pageLimitInput(MAX_PAGE), 288, 'Readings of a page; `all` with CSV and NDJSON alone'),
    order: z
      .enum(['asc', 'desc'])
      .optional()
      .meta({ description: '`desc`, newest first, is the default; with a cursor, its own', default: 'desc' }),
    type: TypesInput.optional().meta({ description: 'Several by repeating it; by default all' }),
    unit: UnitInput.default('mg/dL'),
    // An empty one would begin again from the first page, for ever in a caller's loop.
    cursor: z.string().min(1).max(2048).optional().meta({ description: '`next` of the page before' }),
  })
  .superRefine((query, context) => {
    for (const [name, alias] of [
      ['from', 'startDate'],
      ['to', 'endDate'],
    ] as const)
      if (query[name] && query[alias])
        context.addIssue({ code: 'custom', path: [alias], message: `means the same as ${name}: send one of them` })
  })
type Query = z.output<typeof Query>

const ReadingPage = z
  .strictObject({
    userId: UserId,
    from: Instant,
    to: Instant,
    unit: z.enum(UNITS),
    readings: z.array(PublicReading),
    next: z.string().nullable(),
    completeThrough: Instant.nullable(),
  })
  .meta({ id: 'ReadingPage' })

export const listReadings = ({ range, furtherRange, recent, standingOf, cursors, now }: Needs) =>
  defineRoute(
    {
      operationId: 'listReadings',
      method: 'get',
      path: '/api/bg/{userId}',
      summary: 'Readings of a person in a span of time, page by page',
      access: { kind: 'owner', scope: 'bg:read' },
      params: UserParams,
      query: Query,
      responses: { 200: ReadingPage },
      rows: { row: PublicReading, columns: readingColumns },
      errors: [],
    },
    async ({ params: { userId }, query, format, header }) => {
      if (query.limit === 'all' && format === 'json')
        throw badField('limit', 'all goes with Accept: text/csv or application/x-ndjson')
      const nowMs = now()
      const span = query.cursor ? resume(cursors, userId, query.cursor, query) : fresh(query, nowMs)
      const start = span.after || undefined
      const pageFrom = (after: string | undefined) =>
        (after === start ? range : furtherRange)(rangeQuery(userId, query, span, after))
      const headers = { 'Cache-Control': PRIVATE_CACHE }
      if (query.limit === 'all') return { pages: everyPage(pageFrom, query.unit, start), headers }
      const linked = (next: string | null): Headers =>
        next === null ? headers : { ...headers, Link: `<${nextLink(userId, query, next)}>; rel="next"` }
      const nextOf = (last: string | null) =>
        last === null ? null : encodePosition(cursors, userId, { ...span, after: last })
      if (format !== 'json') {
        const page = await pageFrom(start)
        const shown = page.readings.map((reading) => toPublicReading(reading, query.unit))
        return { pages: onePage(shown), headers: linked(nextOf(page.last)) }
      }

      // Before the page: a tag may be older than what it stands for, and is then asked for again, but never newer.
      const standing = await standingOf(userId)
      const tag = tagOf(standing, query, span)
      const held = unexpiredTag(tag, header('if-none-match'), nowMs)
      if (held !== undefined) return { unchanged: true, headers: { ...headers, ETag: held } }
      const asked = rangeQuery(userId, query, span, start)
      const page = (await recent.page(standing, query.unit, asked)) ?? (await writtenPage(range, asked, query.unit))
      const next = nextOf(page.last)
      const { from, to } = span
      const { completeThrough } = standing
      const envelope = { userId, from, to, unit: query.unit, readings: [], next, completeThrough }
      const ETag = expiringTag(tag, staysUntilMs(query, page))
      // Whoever holds `*` is told what it is that they hold.
      if (isNamed(ETag, header('if-none-match'))) return { unchanged: true, headers: { ...headers, ETag } }
      const json = withRows(ReadingPage.parse(envelope), page.rows)
      return { json, readings: page.count, headers: { ...linked(next), ETag } }
    },
  )

/** What a page shows is settled by what is stored and by the query: its span as asked for, since "now" moves. */
const tagOf = ({ revision }: Standing, query: Query, { from, to, order, types, after }: Position): string =>
  etagOf(revision, isOfNow(query) ? null : [from, to], order, types, after, query.limit, query.unit)

/** Whether the span ends when it is asked for, and begins a day before. */
const isOfNow = ({ from, startDate, to, endDate, cursor }: Query): boolean =>
  !(from ?? startDate ?? to ?? endDate ?? cursor)

/** A span that moves loses its oldest reading in the end; nothing comes in, since what lies ahead of now is not stored. */
const staysUntilMs = (query: Query, { oldest }: WrittenPage): number =>
  isOfNow(query) && oldest ? epochMs(oldest) + DAY_MS : FOR_EVER_MS

const FOR_EVER_MS = Date.UTC(9999, 11, 31)

async function writtenPage(range: Needs['range'], query: RangeQuery, unit: Query['unit']): Promise<WrittenPage> {
  const { readings: found, last } = await range(query)
  const oldest = (query.order === 'asc' ? found[0] : found.at(-1))?.timestamp ?? null
  const rows = Buffer.from(found.map(rowWriter(unit)).join(','))
  return { rows, count: found.length, oldest, last }
}

/** The rows are JSON already, and were checked as they were written. */
function withRows(envelope: z.input<typeof ReadingPage>, rows: Buffer): readonly (string | Buffer)[] {
  const whole = JSON.stringify(envelope)
  const at = whole.indexOf(NO_ROWS) + NO_ROWS.length - 1
  return [whole.slice(0, at), rows, whole.slice(at)]
}

const NO_ROWS = '"readings":[]'

function rangeQuery(
  userId: UserId,
  { limit }: Query,
  { from, to, order, types }: Position,
  after: string | undefined,
): RangeQuery {
  return { userId, from, to, order, types: new Set(types), limit: limit === 'all' ? MAX_PAGE : limit, after }
}

async function* onePage<T>(rows: readonly T[]): AsyncGenerator<readonly T[]> {
  yield rows
}

/** Page after page of a span, each asked for when the one before has been taken. */
async function* everyPage(
  pageFrom: (after: string | undefined) => ReturnType<ReadingReader['range']>,
  unit: Query['unit'],
  start: string | undefined,
): AsyncGenerator<readonly PublicReading[]> {
  let after = start
  do {
    const page = await pageFrom(after)
    yield page.readings.map((reading) => toPublicReading(reading, unit))
    after = page.last ?? undefined
  } while (after !== undefined)
}

function fresh(query: Query, nowMs: number): Position {
  const to = query.to ?? query.endDate ?? toInstant(nowMs)
  const from = query.from ?? query.startDate ?? toInstant(Date.parse(to) - DAY_MS)
  if (from >= to) throw badField(query.startDate ? 'startDate' : 'from', 'must be before the end of the span')
  const types = query.type ? READING_TYPES.filter((type) => query.type?.has(type)) : [...READING_TYPES]
  return { from, to, order: query.order ?? 'desc', types: types as Position['types'], after: '' }
}

/** Goes on where a page ended. What is sent besides the cursor must be what the first page was asked with. */
function resume(cursors: CursorCodec, userId: UserId, cursor: string, query: Query): Position {
  const position = decodePosition(cursors, userId, cursor)
  if (!position) throw badField('cursor', 'is not a cursor of this person')
  const sameType = !query.type || [...query.type].sort().join() === [...position.types].sort().join()
  const sameSpan = [
    query.from ?? query.startDate ?? position.from,
    query.to ?? query.endDate ?? position.to,
    query.order ?? position.order,
  ]
  if (!sameType || sameSpan.join() !== [position.from, position.to, position.order].join())
    throw badField('cursor', 'belongs to another query')
  return position
}

const badField = (pointer: string, detail: string) =>
  new AppError('invalid_request', 'The request does not match the contract', { errors: [{ pointer, detail }] })

const nextLink = (userId: UserId, { limit, unit }: Query, cursor: string): string =>
  `/api/bg/${encodeURIComponent(userId)}?${new URLSearchParams({ limit: String(limit), unit, cursor })}`
