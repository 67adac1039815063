import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { tokenOf } from '../support/e2e-client.ts'
import { killApp, startApp } from '../support/e2e-process.ts'
import { proofsOf } from '../support/e2e-sender.ts'
import { useSystem } from '../support/e2e-system.ts'
import { bodyFor, methodOf, pathOf, type Spec, scopeOf, specs, takesBody } from '../support/every-route.ts'
import { readContract } from '../support/openapi-fuzz.ts'
import { rawAnswer, type SlowSender, sendSlowly, statusIn } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'
import { send } from '../unit/api/http-call.ts'

const USER = 'inputs-of-nobody'
/** Ten seconds, and what a busy machine adds. */
const CUT_WITHIN_MS = 13_000
/** promises.md J16 has 10,000 (IDLE_CONNECTIONS=10000); each is a file here and one in the API. */
const IDLE = Number(process.env.IDLE_CONNECTIONS ?? 1_000)
/** promises.md J16 has 300 ms, of a machine that does not run the tests besides. */
const BESIDE_IDLE_MS = 2_000
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']

/** Lists H and J of promises.md, at every address of docs/openapi.json, in the process that is shipped. */
describe('Input that means harm, at every address', function () {
  this.timeout(40_000)
  const system = useSystem({ name: 'inputs', workers: 0, variables: { OPERATOR_PASSWORD: 'o'.repeat(16) } })
  const { operations } = readContract()
  const addresses = [...new Set(operations.map(({ path }) => path)), '/admin/queues', '/docs/start.js']
  const pathAt = (address: string, id = USER) => pathOf({ path: address as '/' }, id).replace('{ticket}', id)
  /** Connections that say nothing, from the test that makes them to the end. */
  const idle: Socket[] = []
  let port: number
  let slow: Readonly<Record<string, SlowSender>>
  let service: string

  before(async () => {
    port = Number(new URL(system.apiUrl).port)
    const scopes = ['bg:read', 'bg:sync', 'bg:connect', 'bg:any-user']
    service = await tokenOf(system.variables.JWT_SECRET ?? '', 'service', { scopes })
    // They run beside the other tests.
    slow = {
      'its headers': sendSlowly(port, `GET /api/bg/${USER}/latest HTTP/1.1\r\nHost: x\r\nX-Slow: `),
      'its body': sendSlowly(port, `POST /api/bg/${USER}/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n`),
      'its address': sendSlowly(port, 'GET /api/bg/'),
    }
  })
  after(() => {
    for (const { end } of Object.values(slow ?? {})) end()
    for (const socket of idle) socket.destroy()
  })

  /** Of a call that is proven to be its caller's, with this body. */
  const statusOf = async (spec: Spec, body: string | undefined): Promise<number> => {
    const isDelivery = spec.access.kind === 'sender'
    const audience = isDelivery ? 'bg-ingest-webhook' : 'bg-ingest'
    const token = await tokenOf(system.variables.JWT_SECRET ?? '', USER, { scopes: [scopeOf(spec)], audience })
    const headers = isDelivery ? proofsOf(system.variables, body ?? '') : {}
    return (await send(port, pathOf(spec, USER), { method: methodOf(spec), token, body, headers })).status
  }

  it('looks at what is not below /api too', () => {
    expect(addresses).to.include.members(['/healthz', '/oauth/callback', '/oauth/start/{ticket}', '/metrics', '/docs'])
    expect(addresses.length).to.be.above(14)
  })

  it('H19, J9: what a method is not there for is 405 with Allow, and TRACE echoes nothing', async () => {
    for (const path of addresses.filter((address) => !/^\/(admin|docs\/)/.test(address))) {
      const known = operations.filter((one) => one.path === path).map(({ method }) => method)
      const isHeadToo = known.includes('GET') && !path.startsWith('/oauth')
      for (const method of METHODS.filter((one) => !known.includes(one) && !(one === 'HEAD' && isHeadToo))) {
        const answer = await send(port, pathAt(path), { method, token: null, headers: { 'x-echo': 'echo-me' } })
        expect([answer.status, answer.headers.allow !== undefined], `${method} ${path}`).to.deep.equal([405, true])
        expect(answer.text).to.not.include('echo-me')
      }
    }
    expect(
      statusIn(await rawAnswer(port, 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n')),
    ).to.be.oneOf([0, 400, 404, 405])
  })

  it('J8: what two readers may frame differently is 400 and the end of the connection', async () => {
    for (const path of addresses.map((address) => pathAt(address))) {
      const post = `POST ${path} HTTP/1.1\r\nHost: x\r\n`
      const get = `GET ${path} HTTP/1.1\r\nHost: x\r\n`
      const broken = {
        'length and chunks': `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n`,
        'two lengths': `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
        'a length that is none': `${post}Content-Length: +5\r\n\r\nhello`,
        'chunks that are not last': `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
        'a bare LF': `GET ${path} HTTP/1.1\nHost: x\n\n`,
        'a name with a space': `${get}X-Bad : 1\r\n\r\n`,
        'a folded line': `${get}X-Fold: a\r\n b\r\n\r\n`,
        'a null': `${get}X-Null: a\u0000b\r\n\r\n`,
        'no host': `GET ${path} HTTP/1.1\r\n\r\n`,
      }
      for (const [name, bytes] of Object.entries(broken)) {
        const answer = await rawAnswer(port, bytes)
        expect(statusIn(answer), `${name} at ${path}`).to.equal(400)
        expect(answer.match(/HTTP\/1\.1 \d/g), `${name} at ${path}`).to.have.length(1)
      }
      expect(statusIn(await rawAnswer(port, `${get}X-Long: ${'a'.repeat(17_000)}\r\n\r\n`)), path).to.equal(431)
    }
  })

  it('J6, J7: percent garbage, line ends and their like are refused, and never come back', async () => {
    const ids = [
      '%zz',
      '%',
      '%E0%A4%A',
      '%ff',
      'a%00b',
      'a%0d%0aX-Evil:%201',
      '%F0%9F%98%80',
      '__proto__%00',
      '..%2f..%2fetc',
    ]
    const token = service
    for (const address of addresses.filter((one) => one.includes('{')))
      for (const id of ids) {
        const { status, headers } = await send(port, pathAt(address, id), { token })
        expect(status, `${address} ${id}`).to.be.oneOf([400, 401, 404, 405])
        expect(headers, `${address} ${id}`).to.not.have.property('x-evil')
      }
    for (const path of addresses.map((address) => pathAt(address))) {
      const { headers, status } = await send(port, `${path}?a=%0d%0aX-Evil:%201&b=%zz`, {
        token,
        headers: { 'x-request-id': 'a b' },
      })
      expect(status, path).to.be.below(500)
      expect(headers, path).to.not.have.property('x-evil')
      expect(headers['x-request-id'], path).to.match(/^[0-9a-f-]{36}$/)
    }
    expect(system.api.output()).to.not.include('X-Evil')
  })

  it('J12: who asks for HTML is told of errors in problem+json all the same, but for people on their way to Dexcom', async () => {
    for (const path of addresses) {
      const { headers, status } = await send(port, `${pathAt(path)}/nothing/here`, { headers: { accept: 'text/html' } })
      expect(status, path).to.be.oneOf([401, 404])
      expect(headers['content-type'], path).to.match(/^application\/problem\+json/)
    }
    for (const { path, method } of operations.filter((one) => one.path.startsWith('/api/'))) {
      const { headers } = await send(port, pathAt(path), { method, headers: { accept: 'text/html' } })
      expect(headers['content-type'], path).to.match(/^application\/problem\+json/)
    }
  })

  it('J5: bodies that mean harm reach nothing', async () => {
    const bodies = [
      '{"__proto__":{"isAdmin":true}}',
      '{"constructor":{"prototype":{"isAdmin":true}}}',
      `${'['.repeat(40_000)}${']'.repeat(40_000)}`,
      '{"from":NaN}',
      '{"from":1e400,"from":2}',
    ]
    for (const spec of specs.filter(takesBody)) {
      for (const body of bodies)
        expect(await statusOf(spec, body), `${spec.operationId} ${body.slice(0, 20)}`).to.equal(400)
      expect(await statusOf(spec, bodyFor(spec)), spec.operationId).to.be.oneOf([200, 201, 202, 409])
    }
  })

  it('H14: a delivery too large is 413 however it is framed or packed', async () => {
    const path = `/api/bg/${USER}/webhook`
    const packed = gzipSync(Buffer.alloc(50 * 1024 * 1024))
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n`
    const bomb = `${head}Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n${packed.toString('latin1')}`
    const sent = await latin1Answer(port, bomb)
    expect(statusIn(sent), 'a gzip bomb').to.equal(413)
    const chunk = 'a'.repeat(64 * 1024)
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n${`10000\r\n${chunk}\r\n`.repeat(5)}0\r\n\r\n`
    expect(statusIn(await rawAnswer(port, chunked)), 'without a length').to.equal(413)
  })

  it('J13: an Idempotency-Key changes nothing', async () => {
    const key = { headers: { 'idempotency-key': 'the-same' }, token: service, method: 'POST' }
    const made = await Promise.all([1, 2].map(() => send(port, `/api/bg/${USER}/connection`, key)))
    expect(made.map(({ status }) => status)).to.deep.equal([201, 201])
    expect(made[0]?.json.authorizationUrl).to.not.equal(made[1]?.json.authorizationUrl)
  })

  it(`J16: ${IDLE} idle connections, of 10,000 that are promised, keep nobody else out`, async () => {
    for (let i = 0; i < IDLE; i += 1)
      idle.push(
        connect(port, '127.0.0.1')
          .on('error', () => undefined)
          .resume(),
      )
    await Promise.all(idle.map((socket) => once(socket, 'connect')))
    const times: number[] = []
    for (let i = 0; i < 50; i += 1) {
      const startedAt = performance.now()
      expect((await send(port, '/healthz', {})).status).to.equal(200)
      times.push(performance.now() - startedAt)
    }
    expect(Math.max(...times)).to.be.below(BESIDE_IDLE_MS)
  })

  it('connections are told that they are closed after ten thousand requests', async () => {
    const { headers } = await send(port, '/healthz', { headers: { connection: 'keep-alive' } })
    expect(headers['keep-alive']).to.equal('timeout=75, max=10000')
  })

  it('B6: an API that may open 128 files serves again once those who crowd it out are cut off', async () => {
    const api = await startApp('api', system.variables, 'ulimit -n 128')
    const at = Number(new URL(api.url).port)
    const crowd = Array.from({ length: 400 }, () =>
      connect(at, '127.0.0.1')
        .on('error', () => undefined)
        .resume(),
    )
    try {
      const isHealthy = () =>
        send(at, '/healthz', {}).then(
          ({ status }) => status === 200,
          () => false,
        )
      await until('the crowd is cut off', () => crowd.every(({ closed }) => closed), CUT_WITHIN_MS)
      await until('it answers again', isHealthy, CUT_WITHIN_MS)
      expect(api.hasEnded()).to.equal(false)
      api.kill('SIGTERM')
      expect(await api.exited()).to.deep.equal({ code: 0, signal: null })
    } finally {
      for (const socket of crowd) socket.destroy()
      await killApp(api)
    }
  })

  it('H14, J16: who sends a byte a second is cut off', async () => {
    for (const [what, { cutAfterMs }] of Object.entries(slow))
      expect(await cutAfterMs, what).to.be.within(5_000, CUT_WITHIN_MS)
  })

  it('J16: who says nothing at all is cut off as well', async () => {
    expect(idle).to.have.length(IDLE)
    await until('all idle connections are closed', () => idle.every(({ closed }) => closed), CUT_WITHIN_MS)
  })
})

/** Bytes above 127 go as they are. */
async function latin1Answer(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.write(Buffer.from(text, 'latin1'))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}
