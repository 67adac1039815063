import { type Answer, call, type PersonClient } from './e2e-client.ts'

export interface Attempt {
  /** Dexcom's login, as the browser is sent there. */
  readonly login: URL
  readonly cookie: string
  readonly state: string
  /** What Dexcom sends the browser back to once this account has allowed access. */
  allowed(dexcomUser: string): Promise<string>
  /** The browser follows an address back to us; `cookie` as it is sent, empty for another browser. */
  comeBack(address: string, cookie?: string): Promise<Answer>
  /** The address of our callback with this query besides the state. */
  callback(query: Readonly<Record<string, string>>): string
}

/** A person's browser at our one-time address: it has the cookie, and stands before Dexcom's login. */
export async function beginConnecting(person: PersonClient, apiUrl: string, body?: unknown): Promise<Attempt> {
  const created = await person.call('POST', '/connection', body === undefined ? {} : { body })
  if (created.status !== 201) throw new Error(`asking for an address answered ${created.status}: ${created.text}`)
  const started = await call(onApi(created.json.authorizationUrl, apiUrl), 'GET')
  if (started.status !== 302) throw new Error(`the one-time address answered ${started.status}`)
  const login = new URL(started.headers.get('location') ?? '')
  const cookie = (started.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const state = login.searchParams.get('state') ?? ''
  return {
    login,
    cookie,
    state,
    async allowed(dexcomUser) {
      const address = new URL(login)
      address.searchParams.set('__user', dexcomUser)
      return (await call(address.href, 'GET')).headers.get('location') ?? ''
    },
    comeBack: (address, sent = cookie) =>
      call(onApi(address, apiUrl), 'GET', sent ? { headers: { cookie: sent } } : {}),
    callback: (query) => `${apiUrl}/oauth/callback?${new URLSearchParams({ ...query, state })}`,
  }
}

/** The redirect URI names a public origin; we reach the same API on its own port. */
export function onApi(address: string, apiUrl: string): string {
  const { pathname, search } = new URL(address)
  return new URL(`${pathname}${search}`, apiUrl).href
}
