import { PublicChange, toPublicReading, UserId } from '@bg-ingest/domain'
import type { FeedReader } from '@bg-ingest/store/read'
import * as z from 'zod'
import { defineRoute } from '../define-route.ts'
import { etagOf, PRIVATE_CACHE } from '../etag.ts'
import { integerInput, UserParams } from '../parameters.ts'

const Query = z.strictObject({
  after: integerInput(0, Number.MAX_SAFE_INTEGER).default(0),
  limit: integerInput(1, 1000).default(200),
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

/** The feed a consumer heals a gap with: closed ranges, so that it can prove that it missed nothing. */
export const listChanges = ({ feed }: { readonly feed: FeedReader }) =>
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
      errors: ['invalid_request', 'unauthorized', 'forbidden', 'service_unavailable'],
    },
    async ({ params: { userId }, query: { after, limit } }) => {
      const { through, latestSequence, changes } = await feed.changes(userId, after, limit)
      const shown = changes.map(({ sequence, kind, reading }) => ({
        sequence,
        kind,
        reading: toPublicReading(reading),
      }))
      const more = through < latestSequence
      return {
        status: 200,
        body: { userId, after, through, latestSequence, more, changes: shown },
        headers: { ETag: etagOf(after, through, latestSequence, shown), 'Cache-Control': PRIVATE_CACHE },
      }
    },
  )
