import { CONNECTION_STATUSES, epochMs, Instant, UserId } from '@bg-ingest/domain'
import type { Account, AccountReader, AccountState } from '@bg-ingest/store/read'
import * as z from 'zod'
import { defineRoute } from '../define-route.ts'
import { intervalMs, nextPollAt, type PollSettings } from '../freshness-view.ts'
import { UserParams } from '../parameters.ts'

const History = z.strictObject({
  state: z.enum(['none', 'running', 'complete', 'failed']),
  from: Instant.nullable(),
  through: Instant.nullable(),
  percent: z.number().int(),
  readings: z.number().int(),
})

export const ConnectionStatus = z
  .strictObject({
    userId: UserId,
    status: z.enum(CONNECTION_STATUSES),
    region: z.string().nullable(),
    connectedAt: Instant.nullable(),
    lastAttemptAt: Instant.nullable(),
    lastSuccessAt: Instant.nullable(),
    latestReadingAt: Instant.nullable(),
    nextPollAt: Instant.nullable(),
    pollIntervalSeconds: z.number().int(),
    paused: z.boolean(),
    history: History,
    problem: z.strictObject({ code: z.string(), detail: z.string() }).nullable(),
  })
  .meta({ id: 'Connection' })

interface Needs {
  readonly accounts: AccountReader
  readonly polls: PollSettings
  readonly now: () => number
}

export const getConnection = ({ accounts, polls, now }: Needs) =>
  defineRoute(
    {
      operationId: 'getConnection',
      method: 'get',
      path: '/api/bg/{userId}/connection',
      summary: "A person's connection to Dexcom, and how far the import of their history has come",
      access: { kind: 'owner', scope: 'bg:connect' },
      params: UserParams,
      query: z.strictObject({}),
      responses: { 200: ConnectionStatus },
      errors: [],
    },
    async ({ params: { userId } }) => {
      const account = await accounts.account(userId)
      const body = connectionView(userId, account, polls, now())
      return { status: 200, body, headers: { 'Cache-Control': 'no-store' } }
    },
  )

/** A person's connection as callers see it. */
export function connectionView(userId: UserId, { connection, state }: Account, polls: PollSettings, nowMs: number) {
  return {
    userId,
    status: connection?.status ?? 'disconnected',
    region: connection?.region ?? null,
    connectedAt: connection?.connectedAt ?? null,
    lastAttemptAt: state.lastAttemptAt,
    lastSuccessAt: state.lastSuccessAt,
    latestReadingAt: state.newestAt,
    nextPollAt: nextPollAt(userId, connection, polls, nowMs),
    pollIntervalSeconds: intervalMs(connection, polls) / 1000,
    paused: connection?.paused ?? false,
    history: historyView(state.history),
    problem: connection?.problem ?? null,
  }
}

function historyView({ state, from, to, through, readings }: AccountState['history']) {
  return { state, from, through, percent: percentOf(state, from, to, through), readings }
}

/** Share of the span that is stored, whole percent; history is imported newest first, so it grows from `to` to `from`. */
function percentOf(state: string, from: Instant | null, to: Instant | null, through: Instant | null): number {
  if (state === 'complete') return 100
  if (!from || !to || !through) return 0
  const whole = epochMs(to) - epochMs(from)
  return whole === 0 ? 0 : Math.max(0, Math.min(99, Math.floor(((epochMs(to) - epochMs(through)) / whole) * 100)))
}
