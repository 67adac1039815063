import { readFileSync } from 'node:fs'
import { type AppNeeds, createRoutes } from '@bg-ingest/api/parts'
import { expect } from 'chai'
import { anApi, type TestApi } from './an-api.ts'
import type { Answer } from './http-call.ts'

// Who may call is part of the specs alone; nothing of what the routes need is touched to read them.
const unused = {
  config: { dexcom: { regions: [], redirectUri: '' }, returnTo: { origins: [] } },
} as unknown as AppNeeds
const routes = createRoutes(unused).map(({ spec }) => spec)
const SCOPES = ['bg:read', 'bg:sync', 'bg:connect', 'bg:any-user']

const pathOf = (path: string, userId: string) => path.replace('{userId}', userId).replace('{jobId}', 'job_0')
/** Everything of a refusal that a caller sees, but for what is new with every request. */
const shown = ({ status, json: { requestId: _, ...problem } }: Answer) => ({ status, problem })

describe('api: who may call', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => api.reset())
  after(() => api.close())

  it('has a rule for every operation', () => {
    expect(routes.map(({ operationId, access }) => [operationId, access])).to.deep.equal([
      ['getLatestReading', { kind: 'owner', scope: 'bg:read' }],
      ['listReadings', { kind: 'owner', scope: 'bg:read' }],
      ['listChanges', { kind: 'owner', scope: 'bg:read' }],
      ['requestSync', { kind: 'owner', scope: 'bg:sync' }],
      ['getSync', { kind: 'owner', scope: 'bg:sync' }],
      ['receiveWebhook', { kind: 'sender', scope: 'bg:webhook' }],
      ['getConnection', { kind: 'owner', scope: 'bg:connect' }],
      ['createConnection', { kind: 'owner', scope: 'bg:connect' }],
      ['patchConnection', { kind: 'owner', scope: 'bg:connect' }],
      ['deleteConnection', { kind: 'owner', scope: 'bg:connect' }],
    ])
  })

  it('knows no address that the contract does not', () => {
    const written = JSON.parse(readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8'))
    const known = Object.keys(written.paths).map((address) => address.replace(/\{(\w+)\}/g, ':$1'))
    const pages = ['/docs/:asset', '/docs/start.js', '/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js']
    expect([...new Set(api.addresses())].sort()).to.deep.equal([...known, ...pages].sort())
  })

  // The webhook's senders are no callers: see webhook.test.ts.
  for (const { operationId, method, path, access } of routes) {
    if (access.kind !== 'owner') continue
    const { scope } = access
    /** A call that would be refused as invalid too: an unknown parameter, and a body that is no JSON. */
    const spoilt = (token: string | null, userId: string) =>
      api.ask(`${pathOf(path, userId)}?bogus=1`, {
        method: method.toUpperCase(),
        token,
        ...(method === 'post' ? { body: '{' } : {}),
      })

    describe(operationId, () => {
      it('refuses nobody, and a bad token, with 401 before all else', async () => {
        for (const token of [null, 'x.y.z', `${await api.token('alice')}x`]) {
          const answer = await spoilt(token, 'alice')
          expect(answer.status).to.equal(401)
          expect(answer.json.code).to.equal('unauthorized')
          expect(answer.headers['www-authenticate']).to.match(/^Bearer/)
        }
        expect(api.behind.reads).to.equal(0)
      })

      it('refuses another person with 403 before validation, without a look, the same for any id', async () => {
        const token = await api.token('alice', SCOPES.slice(0, 3))
        const answers: ReturnType<typeof shown>[] = []
        for (const userId of ['bob', 'nobody-ever', 'not%20an%20id', 'ALICE', 'alice%00', 'a'.repeat(300)])
          answers.push(shown(await spoilt(token, userId)))
        expect(answers[0]?.status).to.equal(403)
        for (const answer of answers) expect(answer).to.deep.equal(answers[0])
        expect(api.behind.reads).to.equal(0)
        expect(api.behind.requested).to.deep.equal([])
        expect(api.behind.enqueued).to.deep.equal([])
      })

      it(`refuses its own person without ${scope}, and a service without it`, async () => {
        const others = SCOPES.filter((other) => other !== scope)
        for (const sub of ['alice', 'some-service']) {
          const answer = await spoilt(await api.token(sub, others), 'alice')
          expect([answer.status, answer.json.code]).to.deep.equal([403, 'forbidden'])
        }
      })

      it('validates only who may call, and says what is wrong: 400', async () => {
        for (const token of [await api.token('alice', [scope]), await api.token('service', [scope, 'bg:any-user'])]) {
          const answer = await api.ask(`${pathOf(path, 'alice')}?bogus=1`, { method: method.toUpperCase(), token })
          expect([answer.status, answer.json.code]).to.deep.equal([400, 'invalid_request'])
          expect(answer.json.errors).to.deep.include({ pointer: 'bogus', detail: 'unknown name' })
        }
      })

      it('refuses an id that is none, for a service that may ask for anybody', async () => {
        const token = await api.token('service', [scope, 'bg:any-user'])
        for (const userId of ['not%20an%20id', 'x'.repeat(129), 'a%2Fb', 'a%0Ab']) {
          const answer = await api.ask(pathOf(path, userId), { method: method.toUpperCase(), token })
          expect([answer.status, answer.json.errors?.[0]?.pointer], userId).to.deep.equal([400, 'userId'])
        }
      })

      it('answers 405 with the methods there are', async () => {
        const there = routes.filter((route) => route.path === path).map((route) => route.method.toUpperCase())
        for (const other of ['PUT', 'PATCH', 'OPTIONS', 'GET', 'POST', 'DELETE'].filter(
          (name) => !there.includes(name),
        )) {
          const answer = await api.ask(pathOf(path, 'alice'), { method: other })
          expect([answer.status, answer.json.code]).to.deep.equal([405, 'method_not_allowed'])
          const allowed = String(answer.headers.allow).split(', ')
          expect(allowed).to.have.members([...there, ...(there.includes('GET') ? ['HEAD'] : [])])
        }
      })
    })
  }
})
