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
import { defineRoute } from '../define-route.ts'
import { etagOf, PRIVATE_CACHE } from '../etag.ts'
import { InstantInput, integerInput, TypesInput, UnitInput, UserParams } from '../parameters.ts'
import { type CursorCodec, decodePosition, encodePosition, type Position } from '../range-cursor.ts'

interface Needs {
  readonly readings: Pick<ReadingReader, 'range'>
  readonly accounts: AccountReader
  readonly cursors: CursorCodec
  readonly now: () => number
}

const Query = z
  .strictObject({
    from: InstantInput.optional(),
    to: InstantInput.optional(),
    startDate: InstantInput.optional(),
    endDate: InstantInput.optional(),
    limit: integerInput(1, 1000).default(288),
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
      errors: ['invalid_request', 'unauthorized', 'forbidden', 'service_unavailable'],
    },
    async ({ params: { userId }, query }) => {
      const span = query.cursor ? resume(cursors, userId, query.cursor, query) : fresh(query, now())
      const { from, to, order, types } = span
      const [page, { state }] = await Promise.all([
        readings.range({
          userId,
          from,
          to,
          order,
          types: new Set(types),
          limit: query.limit,
          after: span.after || undefined,
        }),
        accounts.account(userId),
      ])
      const next = page.last === null ? null : encodePosition(cursors, userId, { ...span, after: page.last })
      const shown = page.readings.map((reading) => toPublicReading(reading, query.unit))
      return {
        status: 200,
        body: { userId, from, to, unit: query.unit, readings: shown, next, completeThrough: state.completeThrough },
        headers: {
          // The tag covers readings only: `completeThrough` moves with every poll, and the default span with every second.
          ETag: etagOf(query.unit, shown, next === null),
          'Cache-Control': PRIVATE_CACHE,
          ...(next === null ? {} : { Link: `<${nextLink(userId, query, next)}>; rel="next"` }),
        },
      }
    },
  )

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
