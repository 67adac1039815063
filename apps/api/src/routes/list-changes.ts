import { AppError, PublicChange, toPublicReading, UserId } from '@bg-ingest/domain'
import type { FeedEntry, FeedReader } from '@bg-ingest/store/read'
import * as z from 'zod'
import { defineRoute } from '../define-route.ts'
import { etagOf, isNamed, PRIVATE_CACHE } from '../etag.ts'
import { changeColumns } from '../formats/change-columns.ts'
import { integerInput, pageLimitInput, UserParams, withDefault } from '../parameters.ts'
import type { Standing } from '../standing.ts'

const MAX_PAGE = 1000

const Query = z.strictObject({
  after: withDefault(integerInput(0, Number.MAX_SAFE_INTEGER), 0, '`through` of the page before; 0 is the beginning'),
  limit: withDefault(pageLimitInput(MAX_PAGE), 200, 'Sequences of a page; `all` with CSV and NDJSON alone'),
})

const ChangePage = z
  .strictObject({
    userId: UserId,
    after: z.number().int(),
    through: z.number().int().meta({ description: 'Where the next call starts: send it as `after`' }),
    latestSequence: z.number().int(),
    more: z.boolean(),
    changes: z.array(PublicChange),
  })
  .meta({ id: 'ChangePage' })

interface Needs {
  readonly changes: FeedReader['changes']
  /** Of the pages of an export behind its first. */
  readonly furtherChanges: FeedReader['changes']
  readonly standingOf: (userId: UserId) => Promise<Standing>
}

/** The feed a consumer heals a gap with: closed ranges, so that it can prove that it missed nothing. */
export const listChanges = ({ changes: read, furtherChanges, standingOf }: Needs) =>
  defineRoute(
    {
      operationId: 'listChanges',
      method: 'get',
      path: '/api/bg/{userId}/changes',
      summary: "What changed among a person's readings behind a sequence, in order",
      access: { kind: 'owner', scope: 'bg:read' },
      params: UserParams,
      query: Query,
      responses: { 200: ChangePage },
      rows: { row: PublicChange, columns: changeColumns },
      errors: [],
    },
    async ({ params: { userId }, query: { after, limit }, format, header }) => {
      const headers = { 'Cache-Control': PRIVATE_CACHE }
      if (limit === 'all') {
        if (format === 'json') throw onlyInRows()
        return { pages: everyPage(read, furtherChanges, userId, after), headers }
      }
      if (format !== 'json') {
        const { changes } = await read(userId, after, limit)
        return { pages: onePage(changes.map(toPublic)), headers }
      }
      // Before the page: a tag may be older than what it stands for, and is then asked for again, but never newer.
      const { revision } = await standingOf(userId)
      const ETag = etagOf(revision, after, limit)
      if (isNamed(ETag, header('if-none-match'))) return { unchanged: true, headers: { ...headers, ETag } }
      const { through, latestSequence, changes } = await read(userId, after, limit)
      const shown = changes.map(toPublic)
      const more = through < latestSequence
      const body = { userId, after, through, latestSequence, more, changes: shown }
      return { status: 200, body, headers: { ...headers, ETag } }
    },
  )

const toPublic = ({ sequence, kind, reading }: FeedEntry) => ({ sequence, kind, reading: toPublicReading(reading) })

async function* onePage<T>(rows: readonly T[]): AsyncGenerator<readonly T[]> {
  yield rows
}

/** Page after page up to the last sequence there is, each asked for when the one before has been taken. */
async function* everyPage(first: FeedReader['changes'], further: FeedReader['changes'], userId: UserId, start: number) {
  let after = start
  for (let read = first; ; read = further) {
    const { through, latestSequence, changes } = await read(userId, after, MAX_PAGE)
    yield changes.map(toPublic)
    if (through >= latestSequence) return
    after = through
  }
}

const onlyInRows = () =>
  new AppError('invalid_request', 'The request does not match the contract', {
    errors: [{ pointer: 'limit', detail: 'all goes with Accept: text/csv or application/x-ndjson' }],
  })
