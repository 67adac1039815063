import { authorizeUrl, RecordsPage, toQueryTime } from '@bg-ingest/dexcom-contract'
import { createVirtualClock, type Simulator, type SimulatorOptions, startSimulator } from '@bg-ingest/dexcom-simulator'
import { expect } from 'chai'

export const START_MS = Date.UTC(2026, 10, 20, 12)
export const REDIRECT = 'http://localhost:5001/oauth/callback'

const USERS = [
  { name: 'ada', kind: 'generated', profile: 'gappy', historyDays: 5 },
  { name: 'bob', kind: 'generated', profile: 'quiet', historyDays: 2 },
  { name: 'cy', kind: 'generated', profile: 'lively', historyDays: 40 },
] as const

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

/** Starts a simulator with three people whose clock stands still, and somebody who talks to it. */
export async function visitSimulator(options: SimulatorOptions = {}) {
  const clock = createVirtualClock({ startMs: START_MS, speed: 0 })
  const simulator = await startSimulator({ users: USERS, clock, ...options })
  return { simulator, ...visitor(simulator) }
}
export type Visitor = Awaited<ReturnType<typeof visitSimulator>>

/** Talks to a simulator as a client would, and to its side door as a tester would. */
export function visitor({ baseUrl, clientId, clientSecret }: Pick<Simulator, 'baseUrl' | 'clientId' | 'clientSecret'>) {
  const loginUrl = (more: Readonly<Record<string, string | null>> = {}) => {
    const url = new URL(authorizeUrl({ baseUrl, clientId, redirectUri: REDIRECT, state: 's1' }))
    for (const [name, value] of Object.entries(more)) {
      if (value === null) url.searchParams.delete(name)
      else url.searchParams.set(name, value)
    }
    return url
  }
  const login = (more: Readonly<Record<string, string | null>>) => fetch(loginUrl(more), { redirect: 'manual' })
  const code = async (user: string) => {
    const location = (await login({ __user: user })).headers.get('location') ?? ''
    return new URL(location).searchParams.get('code') ?? ''
  }
  const post = (form: Readonly<Record<string, string>>, version = 'v3') =>
    fetch(`${baseUrl}/${version}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...form }),
    })
  const exchange = async (user: string) =>
    post({ grant_type: 'authorization_code', code: await code(user), redirect_uri: REDIRECT })
  const refresh = (token: string) => post({ grant_type: 'refresh_token', refresh_token: token })
  const connect = async (user: string) => (await (await exchange(user)).json()) as Tokens
  const get = (target: string, token: string) =>
    fetch(`${baseUrl}/v3/users/self/${target}`, { headers: { authorization: `Bearer ${token}` } })
  const page = async (kind: string, token: string, fromMs: number, toMs: number) => {
    const response = await get(`${kind}?startDate=${toQueryTime(fromMs)}&endDate=${toQueryTime(toMs)}`, token)
    expect(response.status).to.equal(200)
    return RecordsPage.parse(await response.json())
  }
  const sim = async (method: string, target: string, body?: unknown) => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
    const response = await fetch(`${baseUrl}/__sim/${target}`, init)
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }
  return { loginUrl, login, code, post, exchange, refresh, connect, get, page, sim }
}

export const errorOf = async (response: Response) => [response.status, await response.text()]
