import { AppError } from '@bg-ingest/domain'
import * as z from 'zod'
import { defineRoute } from '../define-route.ts'
import { UserParams } from '../parameters.ts'
import { type SyncJobs, SyncStatus } from '../sync-view.ts'

export const getSync = ({ syncs }: { readonly syncs: Pick<SyncJobs, 'status'> }) =>
  defineRoute(
    {
      operationId: 'getSync',
      method: 'get',
      path: '/api/bg/{userId}/sync/{jobId}',
      summary: 'How a sync stands or ended',
      access: { kind: 'owner', scope: 'bg:sync' },
      params: UserParams.extend({ jobId: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'is not a job id') }),
      query: z.strictObject({}),
      responses: { 200: SyncStatus },
      errors: ['not_found'],
    },
    async ({ params: { userId, jobId } }) => {
      const status = await syncs.status(userId, jobId)
      if (!status) throw new AppError('not_found', 'There is no such sync of this person')
      return { status: 200, body: { ...status, attached: false }, headers: { 'Cache-Control': 'no-store' } }
    },
  )
