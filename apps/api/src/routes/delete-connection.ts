import { UserId } from '@bg-ingest/domain'
import * as z from 'zod'
import { defineRoute } from '../define-route.ts'
import { UserParams } from '../parameters.ts'

interface Needs {
  readonly queue: {
    requestDisconnect(request: {
      readonly userId: UserId
      readonly erase: boolean
      readonly requestId: string
    }): Promise<{ readonly jobId: string }>
  }
}

const Accepted = z
  .strictObject({ jobId: z.string(), userId: UserId, status: z.literal('queued') })
  .meta({ id: 'DisconnectAccepted' })

export const deleteConnection = ({ queue }: Needs) =>
  defineRoute(
    {
      operationId: 'deleteConnection',
      method: 'delete',
      path: '/api/bg/{userId}/connection',
      summary: 'Stop polling and forget the tokens; with erase=true also delete everything stored of this person',
      access: { kind: 'owner', scope: 'bg:connect' },
      params: UserParams,
      query: z.strictObject({ erase: z.enum(['true', 'false']).default('false') }),
      responses: { 202: Accepted },
      errors: [],
    },
    async ({ params: { userId }, query, requestId }) => {
      const { jobId } = await queue.requestDisconnect({ userId, erase: query.erase === 'true', requestId })
      return { status: 202, body: { jobId, userId, status: 'queued' }, headers: { 'Cache-Control': 'no-store' } }
    },
  )
