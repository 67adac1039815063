import { AppError, type UserId } from '@bg-ingest/domain'
import type { JobReader } from '@bg-ingest/queue'
import type { AccountReader } from '@bg-ingest/store/read'
import * as z from 'zod'
import { defineRoute } from '../define-route.ts'
import type { PollSettings } from '../freshness-view.ts'
import { UserParams } from '../parameters.ts'
import { ConnectionStatus, connectionView } from './get-connection.ts'

interface Needs {
  readonly accounts: AccountReader
  readonly polls: PollSettings
  readonly now: () => number
  readonly queue: {
    requestConfigure(request: {
      readonly userId: UserId
      readonly pollIntervalSeconds?: number | undefined
      readonly paused?: boolean | undefined
      readonly requestId: string
    }): Promise<{ readonly jobId: string }>
  }
  readonly jobs: Pick<JobReader, 'wait'>
}

const LONGEST_S = 86_400

/** A caller waits for a worker to change it; after that the change still happens. */
const WAIT_MS = 10_000

const Body = z
  .strictObject({
    pollIntervalSeconds: z
      .number()
      .int()
      .min(1)
      .max(LONGEST_S)
      .optional()
      .meta({ description: "In production at least 60, or the service's own interval where that is shorter" }),
    paused: z.boolean().optional(),
  })
  .refine(({ pollIntervalSeconds, paused }) => pollIntervalSeconds !== undefined || paused !== undefined, {
    message: 'must name pollIntervalSeconds, paused or both',
  })

export const patchConnection = ({ accounts, polls, now, queue, jobs }: Needs) =>
  defineRoute(
    {
      operationId: 'patchConnection',
      method: 'patch',
      path: '/api/bg/{userId}/connection',
      summary: 'Poll a person at another pace, not at all, or again',
      access: { kind: 'owner', scope: 'bg:connect' },
      params: UserParams,
      query: z.strictObject({}),
      body: Body,
      responses: { 200: ConnectionStatus, 202: ConnectionStatus },
      errors: ['not_connected'],
    },
    async ({ params: { userId }, body, requestId }) => {
      refuseTooShort(body.pollIntervalSeconds, polls)
      const { connection } = await accounts.account(userId)
      if (connection?.status !== 'connected') throw notConnected()
      const { jobId } = await queue.requestConfigure({ userId, ...body, requestId })
      const outcome = await jobs.wait(userId, jobId, WAIT_MS)
      if (outcome?.status === 'failed') throw failure(outcome.error?.code)
      const account = await accounts.account(userId)
      return {
        status: outcome?.status === 'completed' ? 200 : 202,
        body: connectionView(userId, account, polls, now()),
        headers: { 'Cache-Control': 'no-store' },
      }
    },
  )

function refuseTooShort(seconds: number | undefined, { shortestPollMs }: PollSettings): void {
  const shortest = shortestPollMs / 1000
  if (seconds === undefined || seconds >= shortest) return
  throw new AppError('invalid_request', 'The request does not match the contract', {
    errors: [{ pointer: '/pollIntervalSeconds', detail: `must be at least ${shortest}` }],
  })
}

const notConnected = () => new AppError('not_connected', 'This person is not connected to Dexcom')

const failure = (code: string | undefined) =>
  code === 'not_connected' ? notConnected() : new AppError('service_unavailable', 'The change could not be made')
