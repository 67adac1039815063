import { LOGIN_PATH, SCOPE } from '@bg-ingest/dexcom-contract'
import type { Accounts } from '../accounts.ts'
import { type Exchange, NOBODY, type Reply, type Route } from '../exchange.ts'
import type { Client } from './client.ts'
import type { Grants } from './grants.ts'
import { loginPage, refusalPage } from './login-page.ts'

interface LoginInput {
  readonly client: Client
  readonly accounts: Pick<Accounts, 'list' | 'get'>
  readonly grants: Pick<Grants, 'issueCode'>
  /** `iss` of RFC 9207 on the way back; null sends none, as nothing public says that Dexcom does. */
  readonly callbackIssuer: () => string | null
}

const UNKNOWN_CLIENT = 'The client application is not known or is not authorized'

/** GET /v2|/v3/oauth2/login: the person picks an account, or `__user` names it and no page is shown. */
export function loginRoutes({ client, accounts, grants, callbackIssuer }: LoginInput): Route[] {
  function handle({ query }: Exchange): Reply {
    const redirectUri = query.get('redirect_uri') ?? ''
    if (query.get('client_id') !== client.id || !client.isRedirectUri(redirectUri)) {
      return htmlReply(400, refusalPage(UNKNOWN_CLIENT))
    }
    const issuer = callbackIssuer()
    const back = (answer: Readonly<Record<string, string>>) =>
      redirect(redirectUri, issuer === null ? answer : { ...answer, iss: issuer }, query.get('state'))
    const error = errorOf(query)
    if (error !== null) return back({ error })

    const user = query.get('__user')
    if (user === null) return htmlReply(200, loginPage({ query, users: accounts.list().map(({ name }) => name) }))
    if (!accounts.get(user)) return htmlReply(400, refusalPage('There is no such account'))
    return back({ code: grants.issueCode(user, redirectUri, query.get('code_challenge')) })
  }

  const identify = ({ query }: Exchange) => ({ ...NOBODY, user: accounts.get(query.get('__user') ?? '')?.name ?? null })
  return [LOGIN_PATH, LOGIN_PATH.replace('/v3/', '/v2/')].map(
    (path): Route => ({ endpoint: 'login', method: 'GET', path, identify, handle }),
  )
}

/** What Dexcom does here is not public; RFC 6749, 4.1.2.1 and RFC 7636, 4.4.1 say to send the browser back. */
function errorOf(query: URLSearchParams): string | null {
  if (query.get('response_type') !== 'code') return 'unsupported_response_type'
  if (query.get('scope') !== SCOPE) return 'invalid_scope'
  // A plain challenge would hide nothing.
  if (query.has('code_challenge') && query.get('code_challenge_method') !== 'S256') return 'invalid_request'
  return query.has('__deny') ? 'access_denied' : null
}

const htmlReply = (status: number, body: string): Reply => ({
  status,
  headers: {
    'content-type': 'text/html;charset=UTF-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'cache-control': 'no-store',
  },
  body,
})

function redirect(uri: string, answer: Readonly<Record<string, string>>, state: string | null): Reply {
  const url = new URL(uri)
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value)
  if (state !== null) url.searchParams.set('state', state)
  return { status: 302, headers: { location: url.href, 'cache-control': 'no-store' } }
}
