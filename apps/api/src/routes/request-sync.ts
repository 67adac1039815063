import { AppError } from '@bg-ingest/domain'
import type { AccountReader } from '@bg-ingest/store/read'
import * as z from 'zod'
import { defineRoute } from '../define-route.ts'
import { InstantInput, UserParams } from '../parameters.ts'
import { preferredWaitSeconds } from '../prefer.ts'
import { type SyncJobs, type SyncQueue, SyncStatus, syncPath } from '../sync-view.ts'

interface Needs {
  readonly accounts: AccountReader
  readonly queue: SyncQueue
  readonly syncs: SyncJobs
}

const Body = z
  .strictObject({ from: InstantInput.optional(), to: InstantInput.optional() })
  .superRefine(({ from, to }, context) => {
    if (!from !== !to)
      context.addIssue({ code: 'custom', path: [from ? 'to' : 'from'], message: 'from and to go together' })
    else if (from && to && from >= to)
      context.addIssue({ code: 'custom', path: ['from'], message: 'must be before to' })
  })
  .optional()

export const requestSync = ({ accounts, queue, syncs }: Needs) =>
  defineRoute(
    {
      operationId: 'requestSync',
      method: 'post',
      path: '/api/bg/{userId}/sync',
      summary: "Fetch a person's readings from Dexcom now",
      access: { kind: 'owner', scope: 'bg:sync' },
      params: UserParams,
      query: z.strictObject({}),
      body: Body,
      responses: { 200: SyncStatus, 202: SyncStatus },
      errors: ['not_connected'],
    },
    async ({ params: { userId }, body, requestId, header }) => {
      const waitSeconds = preferredWaitSeconds(header('prefer'))
      const { connection } = await accounts.account(userId)
      if (connection?.status !== 'connected')
        throw new AppError('not_connected', 'This person is not connected to Dexcom')
      const range = body?.from && body.to ? { range: { from: body.from, to: body.to } } : {}
      const { jobId, attached } = await queue.requestSync({ userId, trigger: 'manual', requestId, ...range })
      const queued = { jobId, userId, status: 'queued', trigger: 'manual', result: null, error: null } as const
      const current =
        waitSeconds > 0 ? await syncs.wait(userId, jobId, waitSeconds * 1000) : await syncs.status(userId, jobId)
      const status = { ...(current ?? queued), attached }
      const ended = status.status === 'completed' || status.status === 'failed'
      const headers = { Location: syncPath(userId, jobId), 'Cache-Control': 'no-store' }
      return waitSeconds > 0 && ended
        ? { status: 200, body: status, headers: { ...headers, 'Preference-Applied': `wait=${waitSeconds}` } }
        : { status: 202, body: status, headers }
    },
  )
