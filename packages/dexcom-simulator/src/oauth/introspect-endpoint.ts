import type { Accounts } from '../accounts.ts'
import { type Caller, type Exchange, jsonReply, NOBODY, type Reply, type Route, textReply } from '../exchange.ts'
import type { Client } from './client.ts'
import type { Grants } from './grants.ts'
import { formOf } from './token-endpoint.ts'

interface IntrospectInput {
  readonly client: Client
  readonly accounts: Pick<Accounts, 'get'>
  readonly grants: Pick<Grants, 'ownerOfAccess'>
}

const PATHS = ['/v2/introspect', '/v3/introspect']

/**
 * POST /v2|/v3/introspect, undocumented but used by a partner in production (dexcom-api.md 2.9): Basic credentials, form
 * field `token`; `sub` is the userId of data answers. A dead token is `{ "active": false }` as RFC 7662 has it.
 */
export function introspectRoutes({ client, accounts, grants }: IntrospectInput): Route[] {
  function handle(exchange: Exchange): Reply {
    const [id, secret] = basicCredentials(exchange.authorization)
    if (id !== client.id || !client.isSecret(secret)) {
      const refused = textReply(401, '')
      return { ...refused, headers: { ...refused.headers, 'www-authenticate': 'Basic realm="Dexcom"' } }
    }
    const token = formOf(exchange)?.get('token')
    if (!token) return jsonReply(400, { error: 'invalid_request' })
    const owner = grants.ownerOfAccess(token)
    const account = owner?.isValid ? accounts.get(owner.user) : undefined
    if (!account) return jsonReply(200, { active: false })
    const { dexcomUserId: sub } = account
    return jsonReply(200, { active: true, sub, client_id: client.id, scope: 'offline_access', token_type: 'Bearer' })
  }

  function identify(exchange: Exchange): Caller {
    const owner = grants.ownerOfAccess(formOf(exchange)?.get('token') ?? '')
    return { ...NOBODY, user: owner?.user ?? null, tokenGeneration: owner?.generation ?? null }
  }
  return PATHS.map((path): Route => ({ endpoint: 'introspect', method: 'POST', path, identify, handle }))
}

/** Id and secret of an Authorization header; both empty where it is none. */
export function basicCredentials(authorization: string): readonly [string, string] {
  const text = Buffer.from(/^Basic +(\S+)$/i.exec(authorization)?.[1] ?? '', 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? ['', ''] : [text.slice(0, colon), text.slice(colon + 1)]
}
