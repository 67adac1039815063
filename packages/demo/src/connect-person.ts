interface ConnectOptions {
  readonly apiUrl: string
  readonly token: string
  readonly userId: string
  /** Whom to pick on the simulator's login page. */
  readonly dexcomUser: string
}

/**
 * Walks the real pages as a browser would: our one-time address, Dexcom's login, our callback. Throws where a page is
 * not the expected one, with its status and nothing of its content.
 */
export async function connectPerson({ apiUrl, token, userId, dexcomUser }: ConnectOptions): Promise<void> {
  const created = await fetch(`${apiUrl}/api/bg/${encodeURIComponent(userId)}/connection`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  expectStatus(created, 201, 'asking for an address to connect')
  const { authorizationUrl } = (await created.json()) as { authorizationUrl: string }

  const started = await fetch(onApi(authorizationUrl, apiUrl), { redirect: 'manual' })
  expectStatus(started, 302, 'opening the one-time address')
  const cookie = (started.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const login = new URL(location(started))
  login.searchParams.set('__user', dexcomUser)

  const allowed = await fetch(login, { redirect: 'manual' })
  expectStatus(allowed, 302, "Dexcom's login")
  const finished = await fetch(onApi(location(allowed), apiUrl), { headers: { cookie }, redirect: 'manual' })
  expectStatus(finished, 200, 'coming back from Dexcom')
}

/** The redirect URI may name localhost where we listen on 127.0.0.1 only, or a public name in front of us. */
function onApi(address: string, apiUrl: string): URL {
  const { pathname, search } = new URL(address)
  return new URL(`${pathname}${search}`, apiUrl)
}

function location(answer: Response): string {
  const target = answer.headers.get('location')
  if (!target) throw new Error('a redirect without a target')
  return target
}

function expectStatus(answer: Response, status: number, what: string): void {
  if (answer.status !== status) throw new Error(`${what} answered ${answer.status}, expected ${status}`)
}
