import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { jsonReply } from '../exchange.ts'
import type { AdminInput } from './admin-endpoints.ts'
import { DONE, type HandlerEntry, NO_USER, OfAnyUser, OfUser, withBody } from './handler.ts'

const Revocation = OfUser.extend({ clientId: z.string().optional() })
const SecretChange = z.strictObject({ clientId: z.string().optional(), secret: z.string().min(1).optional() })

/** What ends consents, tokens and secrets. */
export function consentEndpoints({
  people,
  applications,
}: Pick<AdminInput, 'people' | 'applications'>): HandlerEntry[] {
  return [
    [
      'POST /__sim/revoke',
      withBody(Revocation, ({ user, clientId }) =>
        people.get(user) ? jsonReply(200, { sessions: people.revoke(user, clientId) }) : NO_USER,
      ),
    ],
    [
      'POST /__sim/change-password',
      withBody(OfUser, ({ user }) =>
        people.get(user) ? jsonReply(200, { sessions: people.changePassword(user) }) : NO_USER,
      ),
    ],
    ['POST /__sim/expire-all', () => jsonReply(200, { sessions: people.expireAll() })],
    [
      'POST /__sim/expire-access-tokens',
      withBody(OfAnyUser, ({ user }) =>
        user === undefined || people.get(user) ? jsonReply(200, { tokens: people.expireAccessTokens(user) }) : NO_USER,
      ),
    ],
    [
      'POST /__sim/rotate-secret',
      withBody(SecretChange, ({ clientId = applications[0].client.id, secret = `secret-${randomUUID()}` }) => {
        const application = applications.find(({ client }) => client.id === clientId)
        if (!application) return jsonReply(404, { error: 'no such application' })
        application.client.rotateSecret(secret)
        return jsonReply(200, { clientId, secret })
      }),
    ],
    [
      'POST /__sim/streaming',
      withBody(OfUser.extend({ active: z.boolean() }), ({ user, active }) => {
        if (!people.get(user)) return NO_USER
        applications[0].streams.set(user, active)
        return DONE
      }),
    ],
  ]
}
