import { AppError, PushedPage, PushNotice, type UserId } from '@bg-ingest/domain'
import type { JobProducer } from '@bg-ingest/queue'
import type { Vault } from '@bg-ingest/security'
import type { AccountReader, ConnectionView } from '@bg-ingest/store/read'
import type { Metrics } from '@bg-ingest/telemetry'
import * as z from 'zod'
import { defineRoute } from '../define-route.ts'
import { UserParams } from '../parameters.ts'

interface Needs {
  readonly accounts: AccountReader
  readonly queue: Pick<JobProducer, 'acceptWebhook'>
  readonly vault: Pick<Vault, 'seal'>
  /** Tells two bodies apart without giving either away. */
  readonly hashBody: (body: string) => string
  readonly metrics: Pick<Metrics, 'webhook' | 'webhookConflict'>
}

const Accepted = z
  .strictObject({ accepted: z.literal(true), duplicate: z.boolean(), jobId: z.string() })
  .meta({ id: 'AcceptedWebhook' })

/** The account's pseudonym comes with Dexcom's first answer, seconds after connecting. */
const ACCOUNT_RETRY_MS = 60_000

/** Where a sender says that there is something new, or brings it. The proofs have passed already (webhook/sender-guard.ts). */
export const receiveWebhook = (needs: Needs) =>
  defineRoute(
    {
      operationId: 'receiveWebhook',
      method: 'post',
      path: '/api/bg/{userId}/webhook',
      summary: 'Take a notice or pushed readings of a person',
      access: { kind: 'sender', scope: 'bg:webhook' },
      params: UserParams,
      query: z.strictObject({}),
      body: z.union([PushNotice, PushedPage]),
      responses: { 202: Accepted },
      errors: ['not_connected'],
    },
    async ({ params: { userId }, body, requestId, header }) => {
      const { connection } = await needs.accounts.account(userId)
      if (connection?.status !== 'connected')
        throw new AppError('not_connected', 'This person is not connected to Dexcom')
      const text = JSON.stringify(body)
      const sealed = 'records' in body ? await sealFor(needs, userId, connection, body, text) : null
      const { jobId, duplicate, samePerson, sameBody } = await needs.queue.acceptWebhook({
        userId,
        webhookId: header('webhook-id') ?? requestId,
        sealed,
        digest: needs.hashBody(text),
        requestId,
      })
      if (!samePerson || !sameBody) throw conflictOf(needs, samePerson ? 'body' : 'person')
      needs.metrics.webhook(duplicate ? 'duplicate' : 'accepted')
      return {
        status: 202,
        body: { accepted: true, duplicate, jobId },
        headers: { 'Cache-Control': 'no-store' },
      }
    },
  )

/** The signature does not say for whom a delivery is; that its id was taken for somebody else does. */
function conflictOf({ metrics }: Pick<Needs, 'metrics'>, differs: 'person' | 'body'): AppError {
  metrics.webhookConflict(differs)
  if (differs === 'person') return new AppError('forbidden', 'This token does not allow this')
  return new AppError('invalid_request', 'This webhook-id came before with another body', {
    errors: [{ pointer: 'webhook-id', detail: 'must be new for another body' }],
  })
}

/** Pushed readings wait in the queue encrypted, and only under the account that they are of. */
async function sealFor(
  { vault }: Needs,
  userId: UserId,
  { dexcomUserId }: ConnectionView,
  page: PushedPage,
  text: string,
): Promise<string> {
  if (dexcomUserId === null)
    throw new AppError('service_unavailable', "This person's account is not known yet", {
      retryAfterMs: ACCOUNT_RETRY_MS,
    })
  if (page.userId !== dexcomUserId) throw new AppError('forbidden', 'This token does not allow this')
  return vault.seal(userId, 'pushed_readings', text)
}
