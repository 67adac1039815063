import { AppError, PublicReading, toPublicReading } from '@bg-ingest/domain'
import type { AccountReader, ReadingReader } from '@bg-ingest/store/read'
import * as z from 'zod'
import { defineRoute } from '../define-route.ts'
import { etagOf, PRIVATE_CACHE } from '../etag.ts'
import { Freshness, freshnessOf, type PollSettings } from '../freshness-view.ts'
import { UnitInput, UserParams } from '../parameters.ts'

interface Needs {
  readonly readings: Pick<ReadingReader, 'latest'>
  readonly accounts: AccountReader
  readonly polls: PollSettings
  readonly now: () => number
}

const LatestReading = PublicReading.extend({ freshness: Freshness }).meta({ id: 'LatestReading' })

export const getLatestReading = ({ readings, accounts, polls, now }: Needs) =>
  defineRoute(
    {
      operationId: 'getLatestReading',
      method: 'get',
      path: '/api/bg/{userId}/latest',
      summary: 'The newest sensor reading of a person, and how fresh it is',
      access: { kind: 'owner', scope: 'bg:read' },
      params: UserParams,
      query: z.strictObject({ unit: UnitInput.default('mg/dL') }),
      responses: { 200: LatestReading },
      errors: ['invalid_request', 'unauthorized', 'forbidden', 'no_readings', 'service_unavailable'],
    },
    async ({ params: { userId }, query: { unit } }) => {
      const [reading, { connection }] = await Promise.all([readings.latest(userId), accounts.account(userId)])
      if (!reading) throw new AppError('no_readings', 'There is no sensor reading of this person')
      const freshness = freshnessOf(reading, connection, polls, now())
      const body = toPublicReading(reading, unit)
      return {
        status: 200,
        body: { ...body, freshness },
        headers: { ETag: etagOf(body, freshness.state), 'Cache-Control': PRIVATE_CACHE },
      }
    },
  )
