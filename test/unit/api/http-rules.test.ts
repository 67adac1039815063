import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { anApi, type TestApi } from './an-api.ts'

const LATEST = '/api/bg/alice/latest'
const SYNC = '/api/bg/alice/sync'
const CANARY = 'c4n4ry-111.1'

describe('api: rules for every answer', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => {
    api.reset()
    api.behind.log.length = 0
  })
  after(() => api.close())

  describe('request id', () => {
    const answered = async (sent?: string, path = LATEST) => {
      const { headers, json } = await api.ask(path, sent === undefined ? {} : { headers: { 'x-request-id': sent } })
      if (json.requestId !== undefined) expect(json.requestId).to.equal(headers['x-request-id'])
      return String(headers['x-request-id'])
    }

    it("is the caller's own where it is sane", async () => {
      for (const sent of ['a', 'req-1.2_3', 'A'.repeat(128)]) expect(await answered(sent)).to.equal(sent)
    })

    it('is a new one where it is not', async () => {
      for (const sent of ['', 'a b', 'a,b', 'a/b', '<script>', '{"a":1}', 'ä', 'A'.repeat(129), `a'--`])
        expect(await answered(sent), sent).to.match(/^[\da-f-]{36}$/)
      expect(await answered()).not.to.equal(await answered())
    })

    it('is on every kind of answer', async () => {
      for (const path of ['/healthz', '/readyz', '/metrics', '/nowhere', '/oauth/callback', '/api/bg/%E0%A4%A/latest'])
        expect(await answered('mine', path), path).to.equal('mine')
      const { headers } = await api.ask(LATEST, { token: null, headers: { 'x-request-id': 'mine' } })
      expect(headers['x-request-id']).to.equal('mine')
    })
  })

  describe('errors', () => {
    it('are problem+json that nobody keeps', async () => {
      const { status, headers, json } = await api.ask('/nowhere')
      expect(status).to.equal(404)
      expect(headers['content-type']).to.equal('application/problem+json; charset=utf-8')
      expect(headers['cache-control']).to.equal('no-store')
      expect(json).to.deep.equal({
        type: 'urn:bg-ingest:problem:not_found',
        title: 'Not found',
        status: 404,
        detail: 'There is nothing at this address',
        code: 'not_found',
        requestId: headers['x-request-id'],
      })
    })

    it('tell nothing of a fault of ours, and the log only its name and code', async () => {
      const faults: readonly unknown[] = [
        Object.assign(new Error(`boom ${CANARY}`, { cause: new Error(CANARY) }), {
          code: 'EFAULT',
          options: { headers: CANARY },
        }),
        Object.assign(new TypeError(CANARY), { status: 200, statusCode: 200 }),
        CANARY,
        { message: CANARY, status: 'x' },
        undefined,
      ]
      for (const fault of faults) {
        api.behind.storeFault = fault ?? { toString: () => CANARY }
        const { status, text, json } = await api.ask(LATEST)
        expect([status, json.code, json.detail]).to.deep.equal([
          500,
          'internal_error',
          'Something went wrong on our side.',
        ])
        expect(text).not.to.include(CANARY)
      }
      const log = api.behind.log.join('')
      expect(log).to.include('EFAULT').and.to.include('request failed')
      expect(log).not.to.include(CANARY)
    })

    it('never pass on the words of a foreign error, though it has a status of a client', async () => {
      for (const [status, code] of [
        [400, 'invalid_request'],
        [413, 'payload_too_large'],
        [415, 'unsupported_media_type'],
      ] as const) {
        api.behind.storeFault = Object.assign(new Error(CANARY), { status })
        const { json, text } = await api.ask(LATEST)
        expect(json.code).to.equal(code)
        expect(text).not.to.include(CANARY)
      }
    })

    it('never show what was sent: a path, a query, a header', async () => {
      for (const path of [
        `/${CANARY}`,
        `/api/bg/alice/${CANARY}`,
        `/oauth/start/${CANARY}`,
        `${LATEST}?unit=${CANARY}`,
      ])
        expect((await api.ask(path)).text, path).not.to.include(CANARY)
      expect((await api.ask(LATEST, { token: CANARY })).text).not.to.include(CANARY)
      expect((await api.ask(SYNC, { method: 'POST', headers: { prefer: `wait=${CANARY}` } })).text).not.to.include(
        CANARY,
      )
      expect(api.behind.log.join('')).not.to.include(CANARY)
    })
  })

  describe('paths', () => {
    it('that are unknown are 404, whoever asks', async () => {
      for (const path of [
        '/',
        '/api',
        '/api/bg',
        '/api/bg/alice/nothing',
        '/admin/queues',
        '/docs/swagger-ui.js',
        '/api/bg/alice/latest/x',
      ])
        for (const token of [null, await api.token('alice')])
          expect((await api.ask(path, { token })).status, path).to.equal(404)
    })

    it('with broken percent-encoding are 400, not a fault', async () => {
      for (const path of ['/api/bg/%E0%A4%A/latest', '/api/bg/%/latest', '/api/bg/%zz', '/oauth/start/%ff'])
        expect([path, (await api.ask(path)).status]).to.deep.equal([path, 400])
      expect(api.behind.log.join('')).not.to.include('request failed')
    })

    it('are decoded once: an encoded id is the id', async () => {
      const token = await api.token('auth0|x+y@z=')
      const { status } = await api.ask(`/api/bg/${encodeURIComponent('auth0|x+y@z=')}/connection`, { token })
      expect(status).to.equal(200)
      const twice = await api.ask(`/api/bg/${encodeURIComponent(encodeURIComponent('auth0|x+y@z='))}/connection`, {
        token,
      })
      expect(twice.status).to.equal(403)
    })

    it('with __proto__ in the query are refused, and nothing is polluted', async () => {
      for (const query of [
        '__proto__=1',
        '__proto__[unit]=mmol/L',
        'constructor[prototype][unit]=mmol/L',
        'toString=1',
      ]) {
        const { status, json } = await api.ask(`${LATEST}?${query}`)
        expect([status, json.errors?.[0]?.detail], query).to.deep.equal([400, 'unknown name'])
      }
      expect(Object.hasOwn(Object.prototype, 'unit')).to.equal(false)
    })
  })

  describe('bodies', () => {
    const post = (body: string, headers = {}) => api.ask(SYNC, { method: 'POST', body, headers })

    it('of up to 100 kB are read, larger ones are 413', async () => {
      const padded = (bytes: number) => `{${' '.repeat(bytes - 2)}}`
      expect((await post(padded(100 * 1024))).status).to.equal(202)
      for (const size of [100 * 1024 + 1, 1_000_000]) {
        const { status, json } = await post(padded(size))
        expect([status, json.code]).to.deep.equal([413, 'payload_too_large'])
      }
    })

    it('that are no JSON are 400, with nothing of them in the answer', async () => {
      for (const body of ['{', `{"a": ${CANARY}}`, 'null', '1', '"x"', `[${CANARY}`]) {
        const { status, json, text } = await post(body)
        expect([status, json.code, json.detail], body).to.deep.equal([400, 'invalid_request', 'The body is not JSON'])
        expect(text).not.to.include(CANARY)
      }
    })

    it('of another type, charset or encoding are 415', async () => {
      const types = [
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/json-patch+json',
        'multipart/form-data; boundary=x',
        'json',
      ]
      for (const type of types) expect((await post('{}', { 'content-type': type })).status, type).to.equal(415)
      expect((await post('{}', { 'content-type': 'application/json; charset=latin1' })).status).to.equal(415)
      expect((await post('{}', { 'content-encoding': 'compress' })).status).to.equal(415)
      expect((await post('{}', { 'content-type': 'application/json; charset=utf-8' })).status).to.equal(202)
    })

    it('that are absent or empty are none', async () => {
      expect((await api.ask(SYNC, { method: 'POST' })).status).to.equal(202)
      expect((await post('', { 'content-type': 'text/plain' })).status).to.equal(202)
      expect((await post('')).status).to.equal(202)
    })

    it('are not read before it is known who calls', async () => {
      const { status } = await api.ask(SYNC, {
        method: 'POST',
        token: null,
        body: 'x'.repeat(200_000),
        headers: { 'content-type': 'text/plain' },
      })
      expect(status).to.equal(401)
    })
  })

  describe('headers', () => {
    it('keep browsers from doing anything with an answer', async () => {
      const { headers } = await api.ask(LATEST)
      expect(headers['content-security-policy']).to.equal("default-src 'none';frame-ancestors 'none'")
      expect(headers['x-content-type-options']).to.equal('nosniff')
      expect(headers['strict-transport-security']).to.match(/^max-age=\d{7,}/)
      for (const name of ['x-powered-by', 'access-control-allow-origin', 'server'])
        expect(headers).not.to.have.property(name)
    })

    it('of a request may lie about the host without effect', async () => {
      for (const host of ['evil.example', '', 'a b']) {
        const { status, text } = await api.ask('/nowhere', { headers: { host } })
        expect([status, text.includes('evil')]).to.deep.equal([404, false])
      }
    })
  })

  it('answers what is no HTTP with 400 and goes on', async () => {
    const socket = connect(api.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.end('GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n')
    const [chunk] = await once(socket, 'data')
    expect(String(chunk)).to.match(/^HTTP\/1\.1 400/)
    expect((await api.ask('/healthz')).status).to.equal(200)
  })
})
