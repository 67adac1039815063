import { jsonReply } from '../exchange.ts'
import { basicCredentials } from '../oauth/introspect-endpoint.ts'
import { formOf } from '../oauth/token-endpoint.ts'
import { PushOptions } from '../push/push-options.ts'
import type { AdminInput } from './admin-endpoints.ts'
import { DONE, type HandlerEntry, NO_USER, OfUser, withBody } from './handler.ts'

/** The sender of pushes, and the issuer of its tokens. */
export function pushEndpoints({ push, issuer }: Pick<AdminInput, 'push' | 'issuer'>): HandlerEntry[] {
  return [
    ['GET /__sim/push', () => jsonReply(200, { push: push.options(), attempts: push.attempts() })],
    [
      'POST /__sim/push',
      withBody(PushOptions, (options) => {
        push.set(options)
        return DONE
      }),
    ],
    [
      'DELETE /__sim/push',
      () => {
        push.set(null)
        return DONE
      },
    ],
    ['POST /__sim/push/look', async () => jsonReply(200, { deliveries: await push.look() })],
    [
      'POST /__sim/push/send',
      withBody(OfUser, async ({ user }) => {
        const deliveries = await push.send(user)
        return deliveries === null ? NO_USER : jsonReply(200, { deliveries })
      }),
    ],
    ['GET /__sim/issuer/jwks.json', () => jsonReply(200, issuer.keySet())],
    [
      'POST /__sim/issuer/token',
      (exchange) => {
        const form = formOf(exchange)
        const options = push.options()?.token ?? PushOptions.shape.token.parse(undefined)
        const [basicId] = basicCredentials(exchange.authorization)
        if (form?.get('grant_type') !== 'client_credentials') return jsonReply(400, { error: 'unsupported_grant_type' })
        // Anybody may have one: it stands for Dexcom's own sender, and this is a test server on loopback.
        const subject = basicId || form.get('client_id')
        if (!options || !subject) return jsonReply(401, { error: 'invalid_client' })
        const token = issuer.token({ ...options, subject })
        return jsonReply(200, { access_token: token, token_type: 'Bearer', expires_in: options.lifeSeconds })
      },
    ],
  ]
}
