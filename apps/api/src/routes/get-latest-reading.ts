import {
  AppError,
  inUnit,
  type PublicReading as Public,
  PublicReading,
  rateInUnit,
  toPublicReading,
  type Unit,
  type UserId,
} from '@bg-ingest/domain'
import type { LatestReader, OpenedEntry } from '@bg-ingest/queue'
import type { AccountReader, ReadingReader } from '@bg-ingest/store/read'
import * as z from 'zod'
import { defineRoute, type UnchangedReply, type WrittenReply } from '../define-route.ts'
import { type etagOf, isNamed, PRIVATE_CACHE, rememberedTags } from '../etag.ts'
import { Freshness, freshnessOf, type PollSettings } from '../freshness-view.ts'
import { UnitInput, UserParams } from '../parameters.ts'

interface Needs {
  readonly readings: Pick<ReadingReader, 'latest'>
  readonly accounts: AccountReader
  readonly entries: LatestReader
  readonly polls: PollSettings
  readonly now: () => number
}

/** A megabyte. */
const MOST_TAGS = 10_000

const LatestReading = PublicReading.extend({ freshness: Freshness }).meta({ id: 'LatestReading' })

export const getLatestReading = ({ readings, accounts, entries, polls, now }: Needs) => {
  const tagOf = rememberedTags(MOST_TAGS)
  return defineRoute(
    {
      operationId: 'getLatestReading',
      method: 'get',
      path: '/api/bg/{userId}/latest',
      summary: 'The newest sensor reading of a person, and how fresh it is',
      access: { kind: 'owner', scope: 'bg:read' },
      params: UserParams,
      query: z.strictObject({ unit: UnitInput.default('mg/dL') }),
      responses: { 200: LatestReading },
      errors: ['no_readings'],
    },
    async ({ params: { userId }, query: { unit }, header }) => {
      const entry = await entries.read(userId)
      if (entry) return answerFrom(entry, { userId, unit, polls, nowMs: now(), held: header('if-none-match'), tagOf })
      const [reading, { connection }] = await Promise.all([readings.latest(userId), accounts.account(userId)])
      if (!reading) throw noReadings()
      const freshness = freshnessOf(reading, connection, polls, now())
      const headers = headersOf(reading, unit, freshness.state, tagOf)
      return { status: 200, body: { ...toPublicReading(reading, unit), freshness }, headers }
    },
  )
}

const noReadings = () => new AppError('no_readings', 'There is no sensor reading of this person')

/** Of one person a sequence and the instant at which it was stored name a reading and its content, for ever. */
const headersOf = (
  { sequence, revision, receivedAt }: Pick<Public, 'sequence' | 'revision' | 'receivedAt'>,
  unit: Unit,
  state: string,
  tagOf: typeof etagOf,
) => ({ ETag: tagOf(sequence, revision, receivedAt, unit, state), 'Cache-Control': PRIVATE_CACHE })

interface Asked {
  readonly userId: UserId
  readonly unit: Unit
  readonly polls: PollSettings
  readonly nowMs: number
  /** If-None-Match. */
  readonly held: string | undefined
  readonly tagOf: typeof etagOf
}

/** The reading goes out as the worker has written it: only its freshness is of this moment. */
function answerFrom({ head, connection, readingJson }: OpenedEntry, asked: Asked): WrittenReply | UnchangedReply {
  if (!head) throw noReadings()
  const { userId, unit, polls, nowMs, held, tagOf } = asked
  const freshness = freshnessOf({ userId, timestamp: head.timestamp }, connection, polls, nowMs)
  const headers = headersOf(head, unit, freshness.state, tagOf)
  if (isNamed(headers.ETag, held)) return { unchanged: true, headers }
  const reading = unit === 'mg/dL' ? readingJson : JSON.stringify(inOtherUnit(JSON.parse(readingJson), unit))
  const json = `${reading.slice(0, -1)},"freshness":${JSON.stringify(freshness)}}`
  return { json: [json], readings: 1, headers }
}

/** From mg/dL, which is what is stored: rounded once, as ever. */
const inOtherUnit = (reading: Public, unit: Unit): Public => ({
  ...reading,
  glucose: inUnit(reading.glucose, unit),
  unit,
  trendRate: rateInUnit(reading.trendRate, unit),
})
