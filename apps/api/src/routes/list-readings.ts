import {
  AppError,
  DAY_MS,
  Instant,
  PublicReading,
  READING_TYPES,
  toInstant,
  toPublicReading,
  UNITS,
  UserId,
} from '@bg-ingest/domain'
import type { AccountReader, ReadingReader } from '@bg-ingest/store/read'
import * as z from 'zod'
import { defineRoute, type Headers } from '../define-route.ts'
import { etagOf, PRIVATE_CACHE } from '../etag.ts'
import { readingColumns } from '../formats/reading-columns.ts'
import { InstantInput, pageLimitInput, TypesInput, UnitInput, UserParams } from '../parameters.ts'
import { type CursorCodec, decodePosition, encodePosition, type Position } from '../range-cursor.ts'

interface Needs {
  readonly readings: Pick<ReadingReader, 'range'>
  readonly accounts: AccountReader
  readonly cursors: CursorCodec
  readonly now: () => number
}

const MAX_PAGE = 1_000

const Query = z
  .strictObject({
    from: InstantInput.optional(),
    to: InstantInput.optional(),
    startDate: InstantInput.optional(),
    endDate: InstantInput.optional(),
    limit: pageLimitInput(MAX_PAGE).default(288),
    order: z.enum(['asc', 'desc']).optional(),
    type: TypesInput.optional(),
    unit: UnitInput.default('mg/dL'),
    // An empty one would begin again from the first page, for ever in a caller's loop.
    cursor: z.string().min(1).max(2048).optional(),
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

export const listReadings = ({ readings, accounts, cursors, now }: Needs) =>
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
      errors: ['invalid_request', 'unauthorized', 'forbidden', 'service_unavailable'],
    },
    async ({ params: { userId }, query, format }) => {
      if (query.limit === 'all' && format === 'json')
        throw badField('limit', 'all goes with Accept: text/csv or application/x-ndjson')
      const span = query.cursor ? resume(cursors, userId, query.cursor, query) : fresh(query, now())
      const { from, to } = span
      const pageFrom = (after: string | undefined) => readings.range(rangeQuery(userId, query, span, after))
      if (query.limit === 'all') {
        const pages = everyPage(pageFrom, query.unit, span.after || undefined)
        return { pages, headers: { 'Cache-Control': PRIVATE_CACHE } }
      }

      const [page, { state }] = await Promise.all([pageFrom(span.after || undefined), accounts.account(userId)])
      const next = page.last === null ? null : encodePosition(cursors, userId, { ...span, after: page.last })
      const shown = page.readings.map((reading) => toPublicReading(reading, query.unit))
      const link: Headers = next === null ? {} : { Link: `<${nextLink(userId, query, next)}>; rel="next"` }
      const headers = { 'Cache-Control': PRIVATE_CACHE, ...link }
      if (format !== 'json') return { pages: onePage(shown), headers }
      // The tag covers readings only: `completeThrough` moves with every poll, and the default span with every second.
      const ETag = etagOf(query.unit, shown, next === null)
      return {
        status: 200,
        body: { userId, from, to, unit: query.unit, readings: shown, next, completeThrough: state.completeThrough },
        headers: { ...headers, ETag },
      }
    },
  )

function rangeQuery(userId: UserId, { limit }: Query, { from, to, order, types }: Position, after: string | undefined) {
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
