import { type AppNeeds, createRoutes } from '@bg-ingest/api/parts'
import { expect } from 'chai'
import { SignJWT } from 'jose'
import { type Answer, call, type PersonClient, tokenOf } from '../support/e2e-client.ts'
import { aPerson, aSecret, untilHistoryIs, useSystem } from '../support/e2e-system.ts'

// Nothing of what the routes need is touched to read their specs.
const unused = {
  config: { dexcom: { regions: [], redirectUri: '' }, returnTo: { origins: [] } },
} as unknown as AppNeeds
const routes = createRoutes(unused).map(({ spec }) => spec)
type Route = (typeof routes)[number]

/** A change that names nothing to change is no good one. */
function bodyOf({ method }: Route, spoilt: boolean) {
  if (spoilt && (method === 'post' || method === 'patch')) return { body: '{' }
  return method === 'patch' ? { body: '{"paused":false}' } : {}
}
const owned = routes.filter(({ access }) => access.kind === 'owner')
const scopeOf = ({ access }: Route) => (access.kind === 'owner' ? access.scope : '')

/** Of promises.md I13: what a caller who measures may not see. */
const TIMED_CALLS = 500
const TELLING_MS = 5
/** Of the routes behind the first: they share its guard, and a look-up in front of it would show in a few. */
const TIMED_CALLS_OF_OTHERS = 30
const OPERATOR_PASSWORD = 'o'.repeat(16)
const EVERY_SCOPE = ['bg:read', 'bg:sync', 'bg:connect']
/** U+FF01 to U+FF5E look like ASCII, and NFKC makes them ASCII. */
const fullwidth = (c: string) => encodeURIComponent(String.fromCodePoint(c.charCodeAt(0) + 0xfee0))
const REQUEST_ID = 'the-same-every-time'

describe('Who may call', function () {
  this.timeout(30_000)
  const system = useSystem({
    name: 'access',
    workers: 1,
    variables: { OPERATOR_PASSWORD },
    simulator: {
      users: ['known', 'other'].map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: 1 })),
    },
  })
  let known: PersonClient
  let other: PersonClient
  before(async () => {
    known = await system.connect(aPerson('known'), 'known')
    other = await system.connect(aPerson('other'), 'other')
    for (const person of [known, other]) await untilHistoryIs('complete', person)
  })

  const secret = () => system.variables.JWT_SECRET ?? ''

  /** One call of a route for this person; `spoilt` makes it one that would be refused as invalid as well. */
  const ask = (route: Route, userId: string, token: string | null, spoilt = false): Promise<Answer> => {
    const path = route.path.replace('{userId}', encodeURIComponent(userId)).replace('{jobId}', 'no-such-job_0')
    return call(`${system.apiUrl}${path}${spoilt ? '?bogus=1' : ''}`, route.method.toUpperCase(), {
      token,
      headers: { 'x-request-id': REQUEST_ID },
      ...bodyOf(route, spoilt),
    })
  }

  it('looks at every address below /api/bg', () => {
    expect(owned.length).to.be.at.least(7)
    expect(routes.filter(({ access }) => access.kind === 'public').map(({ path }) => path)).to.deep.equal([])
  })

  describe('answers 401 before all else', () => {
    const subject = () => known.userId
    const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
    const inAnHour = () => Math.floor(Date.now() / 1000) + 3600
    const claims = () => ({ sub: subject(), aud: 'bg-ingest', scope: 'bg:read bg:sync bg:connect' })
    const signed = (alg: string, more: object = {}) =>
      new SignJWT({ ...claims(), exp: inAnHour(), ...more })
        .setProtectedHeader({ alg, typ: 'JWT' })
        .sign(new TextEncoder().encode(secret()))

    const bad: Readonly<Record<string, () => Promise<string | null>>> = {
      'no token': async () => null,
      'no token at all but words': async () => 'nonsense',
      'an expired token': () => tokenOf(secret(), subject(), { ttlSeconds: -120 }),
      'a token for another audience': () => tokenOf(secret(), subject(), { audience: 'somebody-else' }),
      'a token signed with another key': () => tokenOf(aSecret(), subject()),
      'a token with another algorithm': () => signed('HS512'),
      'a token that never ends': () => signed('HS256', { exp: undefined }),
      'a token without a subject': () => signed('HS256', { sub: undefined }),
      'a token of no algorithm': async () =>
        `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded({ ...claims(), exp: inAnHour() })}.`,
      'a token with an altered payload': async () => {
        const [header, , signature] = (await tokenOf(secret(), subject())).split('.')
        return `${header}.${encoded({ ...claims(), scope: 'bg:any-user', exp: inAnHour() })}.${signature}`
      },
    }
    for (const [name, make] of Object.entries(bad))
      it(name, async () => {
        const token = await make()
        for (const route of owned)
          for (const spoilt of [false, true]) {
            const answer = await ask(route, subject(), token, spoilt)
            expect(answer.status, route.operationId).to.equal(401)
            expect(answer.headers.get('www-authenticate'), route.operationId).to.match(/^Bearer/)
            expectProblem(answer, 'unauthorized')
          }
      })

    it('HEAD as well', async () => {
      for (const { path } of owned.filter(({ method }) => method === 'get')) {
        const url = `${system.apiUrl}${path.replace('{userId}', subject()).replace('{jobId}', 'no-such-job_0')}`
        expect((await call(url, 'HEAD')).status, path).to.equal(401)
      }
    })

    it('but allows for a clock that is a minute off', async () => {
      const token = await tokenOf(secret(), subject(), { ttlSeconds: -30 })
      expect((await known.call('GET', '/latest', { token })).status).to.equal(200)
    })
  })

  describe('answers 403 before it looks at anything', () => {
    for (const route of owned) {
      it(`${route.operationId}: another person, known or not, valid or not`, async () => {
        const token = await tokenOf(secret(), aPerson('stranger'))
        const answers: Answer[] = []
        for (const userId of [known.userId, aPerson('nobody'), 'no id at all'])
          for (const spoilt of [false, true]) answers.push(await ask(route, userId, token, spoilt))
        for (const answer of answers) {
          expect(answer.status).to.equal(403)
          expect(answer.text, 'the same whether that person exists or not').to.equal(answers[0]?.text)
          expectProblem(answer, 'forbidden')
        }
      })

      it(`${route.operationId}: a token without ${scopeOf(route)}`, async () => {
        const others = ['bg:read', 'bg:sync', 'bg:connect', 'bg:webhook'].filter((scope) => scope !== scopeOf(route))
        for (const scopes of [[], others, [...others, 'bg:any-user']]) {
          const answer = await ask(route, known.userId, await tokenOf(secret(), known.userId, { scopes }), true)
          expect(answer.status).to.equal(403)
          expectProblem(answer, 'forbidden')
        }
      })
    }
  })

  describe('I13: for every route, every caller and every way to write an id', () => {
    type Caller = 'user' | 'service' | 'operator' | 'nobody'
    const ids = () => {
      const bytes = [...known.userId].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')
      return {
        own: known.userId,
        encoded: bytes,
        other: other.userId,
        unknown: aPerson('nobody'),
        malformed: 'no%20id%20at%20all',
        'null behind it': `${known.userId}%00`,
        'in another case': known.userId.toUpperCase(),
        'of fullwidth letters': [...known.userId].map(fullwidth).join(''),
        'with a combining mark': `${known.userId}%CC%81`,
        'with a dot more': `${known.userId}.`,
      }
    }
    const OWN = ['own', 'encoded']
    const NONE = ['malformed', 'null behind it', 'of fullwidth letters', 'with a combining mark']

    /** Calls are spoilt, so that a caller who is let in is told so by 400, whatever the route, and changes nothing. */
    const expected = (caller: Caller, id: string) => {
      if (caller === 'nobody' || caller === 'operator') return { status: 401, code: 'unauthorized' }
      if (caller === 'user' && !OWN.includes(id)) return { status: 403, code: 'forbidden' }
      return { status: 400, code: 'invalid_request', pointers: [NONE.includes(id) ? 'userId' : 'bogus'] }
    }
    const headersOf = async (caller: Caller): Promise<Readonly<Record<string, string>>> => {
      const service = await tokenOf(secret(), 'a-service', { scopes: [...EVERY_SCOPE, 'bg:any-user'] })
      const operator = Buffer.from(`operator:${OPERATOR_PASSWORD}`).toString('base64')
      const authorization = {
        user: `Bearer ${known.token}`,
        service: `Bearer ${service}`,
        operator: `Basic ${operator}`,
        nobody: null,
      }[caller]
      return authorization === null ? {} : { authorization }
    }

    const askAs = async (caller: Caller, route: Route, id: string): Promise<Answer> => {
      const path = route.path.replace('{userId}', id).replace('{jobId}', 'no-such-job_0')
      const headers = { 'x-request-id': REQUEST_ID, ...(await headersOf(caller)) }
      return call(`${system.apiUrl}${path}?bogus=1`, route.method.toUpperCase(), { headers, ...bodyOf(route, false) })
    }
    /** A webhook asks for a sender's proofs, which none of these has. */
    const seenAs = (caller: Caller, { access }: Route): Caller => (access.kind === 'sender' ? 'nobody' : caller)

    for (const route of routes)
      for (const caller of ['user', 'service', 'operator', 'nobody'] as const)
        it(`${route.operationId} by ${caller}`, async () => {
          const texts = new Map<string, string>()
          for (const [name, id] of Object.entries(ids())) {
            const { status, json, text } = await askAs(caller, route, id)
            const pointers = (json?.errors ?? []).map((one: { pointer: string }) => one.pointer)
            expect({ status, code: json?.code, pointers }, name).to.deep.include(expected(seenAs(caller, route), name))
            texts.set(name, text)
          }
          expect(texts.get('unknown'), 'the same whether that person exists or not').to.equal(texts.get('other'))
        })

    /** How long it takes to refuse a stranger somebody known, and nobody. */
    async function mediansOf(route: Route, calls: number): Promise<readonly [number, number]> {
      const token = await tokenOf(secret(), aPerson('stranger'))
      const times: [number[], number[]] = [[], []]
      for (let i = 0; i < calls; i += 1)
        for (const [who, userId] of [known.userId, aPerson('nobody')].entries()) {
          const startedAt = performance.now()
          expect((await ask(route, userId, token)).status).to.equal(403)
          times[who]?.push(performance.now() - startedAt)
        }
      const [ofKnown, ofNobody] = times.map((all) => all.sort((x, y) => x - y)[calls / 2] ?? 0)
      return [ofKnown ?? 0, ofNobody ?? 0]
    }

    it('it takes as long to refuse somebody known as somebody unknown', async () => {
      for (const [n, route] of owned.entries()) {
        const [ofKnown, ofNobody] = await mediansOf(route, n === 0 ? TIMED_CALLS : TIMED_CALLS_OF_OTHERS)
        const title = `${route.operationId}: ${ofKnown} and ${ofNobody} ms`
        expect(Math.abs(ofKnown - ofNobody), title).to.be.below(TELLING_MS)
      }
    })
  })

  it('lets a service act for anybody, with the scope that the route asks for', async () => {
    for (const route of owned) {
      const token = await tokenOf(secret(), 'a-service', { scopes: [scopeOf(route), 'bg:any-user'] })
      const answer = await ask(route, aPerson('nobody'), token)
      expect([200, 201, 202, 404, 409], route.operationId).to.include(answer.status)
      expect((await ask(route, aPerson('nobody'), token, true)).status, route.operationId).to.equal(400)
    }
    const token = await tokenOf(secret(), 'a-service', { scopes: ['bg:read', 'bg:any-user'] })
    expect((await known.call('GET', '/latest', { token })).json.userId).to.equal(known.userId)
  })

  it('answers an address that does not exist with 404', async () => {
    for (const path of ['/', '/api', '/api/bg', `/api/bg/${known.userId}/nothing`, '/favicon.ico']) {
      const answer = await call(`${system.apiUrl}${path}`, 'GET', { headers: { 'x-request-id': REQUEST_ID } })
      expect(answer.status, path).to.equal(404)
      expectProblem(answer, 'not_found')
    }
  })

  it('answers a method that an address does not know with 405 and those that it knows', async () => {
    for (const path of new Set(owned.map((route) => route.path))) {
      const methods = owned.filter((route) => route.path === path).map(({ method }) => method.toUpperCase())
      const url = `${system.apiUrl}${path.replace('{userId}', known.userId).replace('{jobId}', 'no-such-job_0')}`
      const answer = await call(url, 'PUT', { token: known.token, headers: { 'x-request-id': REQUEST_ID } })
      expect(answer.status, path).to.equal(405)
      expectProblem(answer, 'method_not_allowed')
      const allowed = (answer.headers.get('allow') ?? '').split(', ').filter((method) => method !== 'HEAD')
      expect(allowed, path).to.have.members(methods)
    }
  })

  it('gives every answer an id: the sent one where it is sane', async () => {
    const idOf = async (sent?: string) => {
      const answer = await known.call('GET', '/latest', sent === undefined ? {} : { headers: { 'x-request-id': sent } })
      return answer.headers.get('x-request-id')
    }
    expect(await idOf('trace-1.2_3')).to.equal('trace-1.2_3')
    const made = [await idOf(), await idOf('not sane at all'), await idOf('x'.repeat(200)), await idOf('"<b>"')]
    for (const id of made) expect(id).to.match(/^[0-9a-f-]{36}$/)
    expect(new Set(made).size).to.equal(made.length)
  })

  function expectProblem({ headers, status, json }: Answer, code: string): void {
    expect(headers.get('content-type')).to.match(/^application\/problem\+json/)
    expect(headers.get('x-request-id')).to.equal(REQUEST_ID)
    expect(headers.get('x-powered-by')).to.equal(null)
    expect(json).to.include({ type: `urn:bg-ingest:problem:${code}`, code, status, requestId: REQUEST_ID })
    expect(json.title).to.be.a('string').and.not.equal('')
    expect(json.detail).to.be.a('string').and.not.equal('')
    expect(Object.keys(json)).to.have.members(['type', 'title', 'status', 'detail', 'code', 'requestId'])
  }
})
