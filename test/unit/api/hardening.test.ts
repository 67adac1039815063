import { once } from 'node:events'
import { request } from 'node:http'
import { type AppNeeds, createRoutes, createServer } from '@bg-ingest/api/parts'
import { expect } from 'chai'
import { createGate } from '../../support/until.ts'
import { anApi, type TestApi } from './an-api.ts'
import { send } from './http-call.ts'

// The route table itself: a new route is looked at without a line here.
const unused = {
  config: { dexcom: { regions: [], redirectUri: '' }, returnTo: { origins: [] } },
} as unknown as AppNeeds
const routes = createRoutes(unused).map(({ spec }) => spec)
const owned = routes.filter(({ access }) => access.kind === 'owner')
const pathOf = (path: string, userId = 'alice') => path.replace('{userId}', userId).replace('{jobId}', 'job_0')

describe('api: hostile calls of every operation', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => api.reset())
  after(() => api.close())

  for (const { operationId, path, method: lower } of owned) {
    const method = lower.toUpperCase()
    const body = lower === 'get' ? {} : { body: '{}' }

    describe(operationId, () => {
      it('asks who calls before it minds a broken address: 401, then 400', async () => {
        for (const id of ['%zz', '%', '%E0%A4%A', '%ff']) {
          const broken = pathOf(path, id)
          expect((await api.ask(broken, { method, token: null })).status, id).to.equal(401)
          expect((await api.ask(broken, { method, token: 'x.y.z' })).status, id).to.equal(401)
          expect((await api.ask(broken, { method })).status, id).to.equal(400)
        }
        expect(api.behind.reads).to.equal(0)
      })

      it('takes no token from the address, and none where two are sent', async () => {
        const token = await api.token('alice')
        expect((await api.ask(`${pathOf(path)}?access_token=${token}`, { method, token: null })).status).to.equal(401)
        const two = ['Authorization', `Bearer ${token}`, 'Authorization', `Bearer ${token}`]
        expect(await rawStatus(api.port, method, pathOf(path), two)).to.equal(401)
      })

      it('takes names of prototypes for ids like any other', async () => {
        for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
          const answer = await api.ask(pathOf(path, id), { method, token: await api.token(id) })
          expect(answer.status, id).to.be.oneOf([200, 201, 202, 400, 404])
        }
        expect(({} as Record<string, unknown>)['isAdmin']).to.equal(undefined)
      })

      it('refuses ids that are none with 400, and never shows them in a header or the log', async () => {
        const token = await api.token('service', ['bg:read', 'bg:sync', 'bg:connect', 'bg:any-user'])
        const ids = ['a%00b', 'a%0d%0aX-Evil:%201', '%F0%9F%98%80', 'caf%C3%A9', 'cafe%CC%81', '*', 'a%2F..%2Fb', '%23']
        for (const id of ids) {
          const { status, headers } = await api.ask(pathOf(path, id), { method, token })
          expect(status, id).to.equal(400)
          expect(headers).not.to.have.property('x-evil')
        }
        expect(api.behind.log.join('')).not.to.include('X-Evil')
      })

      it('refuses an address beyond 2 kB and headers beyond 16 kB', async () => {
        const long = `${pathOf(path)}?${'type=cgm&'.repeat(300)}`
        expect((await api.ask(long, { method })).status).to.equal(400)
        const status = await rawStatus(api.port, method, pathOf(path), ['X-Padding', 'a'.repeat(17_000)])
        expect(status).to.equal(431)
      })

      it('answers everything with the headers that keep browsers out', async () => {
        for (const token of [null, await api.token('alice')]) {
          const { headers } = await send(api.port, pathOf(path), { method, token })
          expect(headers['content-security-policy']).to.equal("default-src 'none';frame-ancestors 'none'")
          expect(headers['x-content-type-options']).to.equal('nosniff')
          expect(headers['strict-transport-security']).to.match(/^max-age=\d{7,}/)
          expect(headers['cache-control']).to.be.oneOf(['no-store', 'private, no-cache'])
        }
      })

      if (lower !== 'get')
        it('survives bodies that mean harm, in no time', async () => {
          const bodies = [
            '{"__proto__":{"isAdmin":true}}',
            '{"constructor":{"prototype":{"isAdmin":true}}}',
            `${'['.repeat(40_000)}${']'.repeat(40_000)}`,
            `{"from":${'{"a":'.repeat(15_000)}1${'}'.repeat(15_000)}}`,
            `{"from":"${'2'.repeat(90_000)}","to":"${'9'.repeat(90)}"}`,
            '{"from":NaN}',
            '\u0000',
            '{"from":1e400}',
          ]
          for (const text of bodies) {
            const startedAt = performance.now()
            const { status } = await api.ask(pathOf(path), { method, body: text })
            expect(status, text.slice(0, 40)).to.equal(400)
            expect(performance.now() - startedAt, text.slice(0, 40)).to.be.below(1_000)
          }
          expect(({} as Record<string, unknown>)['isAdmin']).to.equal(undefined)
          expect((await api.ask(pathOf(path), { method, body: 'x'.repeat(200_000) })).status).to.equal(413)
          const typed = await api.ask(pathOf(path), { method, ...body, headers: { 'content-type': 'text/xml' } })
          expect(typed.status).to.equal(415)
        })
      else
        it('answers HEAD as GET without its body', async () => {
          const get = await api.ask(pathOf(path))
          const head = await api.ask(pathOf(path), { method: 'HEAD' })
          expect([head.status, head.text, head.headers['etag']]).to.deep.equal([get.status, '', get.headers['etag']])
        })
    })
  }

  it('says 405 with Allow to whoever asks, token or not', async () => {
    for (const path of new Set(routes.map((route) => route.path)))
      for (const method of ['PUT', 'OPTIONS', 'TRACE', 'PROPFIND']) {
        const { status, headers } = await api.ask(pathOf(path), { method, token: null })
        expect([status, headers.allow !== undefined], `${method} ${path}`).to.deep.equal([405, true])
      }
  })

  it('does not start with a route that does not say who may call it', () => {
    for (const access of [undefined, {}, { kind: 'owner' }, { kind: 'anybody', scope: 'bg:read' }]) {
      const route = { spec: { ...routes[0], access }, handler: () => undefined }
      const parts = { routes: [route] } as unknown as Parameters<typeof createServer>[0]
      expect(() => createServer(parts)).to.throw('getLatestReading does not say who may call it')
    }
  })

  describe('while there is too much to do', () => {
    const LATEST = '/api/bg/alice/latest'
    const shedAt = async (lagMs: number) => {
      api.behind.lagMs = lagMs
      const calls = {
        write: api.ask('/api/bg/alice/sync', { method: 'POST', token: null }),
        large: api.ask('/api/bg/alice?limit=1000'),
        rows: api.ask('/api/bg/alice', { headers: { accept: 'text/csv' } }),
        page: api.ask('/api/bg/alice?limit=288'),
        latest: api.ask(LATEST),
        health: api.ask('/healthz'),
      }
      const shed: string[] = []
      for (const [name, call] of Object.entries(calls)) if ((await call).status === 503) shed.push(name)
      return shed
    }

    it('turns away writes and large ranges first, the newest reading last, probes never', async () => {
      expect(await shedAt(100)).to.deep.equal([])
      expect(await shedAt(200)).to.deep.equal(['write', 'large', 'rows'])
      expect(await shedAt(500)).to.deep.equal(['write', 'large', 'rows', 'page'])
      expect(await shedAt(5_000)).to.deep.equal(['write', 'large', 'rows', 'page', 'latest'])
      expect(await shedAt(0)).to.deep.equal([])
    })

    it('does so before it looks at a token, and says when to come back', async () => {
      api.behind.lagMs = 5_000
      const { status, json, headers } = await api.ask(LATEST, { token: 'x.y.z' })
      expect([status, json.code, headers['retry-after']]).to.deep.equal([503, 'service_unavailable', '2'])
    })

    it('counts what is under way, and forgets what has ended', async () => {
      const gate = createGate()
      api.behind.hold = gate.passed
      const calls = Array.from({ length: 501 }, () => api.ask('/api/bg/alice?limit=1000'))
      const first = await Promise.race(calls.map((call) => call.then(({ status }) => status)))
      expect(first).to.equal(503)
      gate.open()
      const statuses = (await Promise.all(calls)).map(({ status }) => status)
      expect(statuses.filter((status) => status === 200)).to.have.length(500)
      expect((await api.ask('/api/bg/alice?limit=1000')).status).to.equal(200)
    })
  })
})

/** Headers as they are given: Node's client would join what comes twice. */
async function rawStatus(port: number, method: string, path: string, headers: readonly string[]): Promise<number> {
  const req = request({ port, host: '127.0.0.1', path, method, agent: false, headers: ['Host', 'x', ...headers] })
  req.end()
  const [res] = await once(req, 'response')
  res.resume()
  return res.statusCode
}
