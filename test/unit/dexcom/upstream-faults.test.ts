import { once } from 'node:events'
import { createServer } from 'node:net'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aCall, aClient, QUICK_TIMEOUTS } from './a-client.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'
import { anEgv, NOW_MS, page } from './wire.ts'

const HOUR = { fromMs: NOW_MS - 3_600_000, toMs: NOW_MS }

describe('Dexcom client: faults of the data endpoints', () => {
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())

  const asked = (signal?: AbortSignal) =>
    thrown(aClient(server.url, QUICK_TIMEOUTS).client.fetchReadings(aCall(signal && { signal }), 'cgm', HOUR))

  for (const [status, code] of [
    [400, 'upstream_rejected'],
    [401, 'upstream_unauthorized'],
    [403, 'upstream_not_offered'],
    [404, 'upstream_not_offered'],
    [422, 'upstream_rejected'],
    [500, 'upstream_unavailable'],
    [502, 'upstream_unavailable'],
    [503, 'upstream_unavailable'],
    [504, 'upstream_unavailable'],
    [204, 'upstream_invalid'],
    [304, 'upstream_invalid'],
  ] as const) {
    it(`reads ${status} as ${code}, once`, async () => {
      server.answer((res) => res.writeHead(status, { 'content-type': 'text/html' }).end())
      const err = await asked()
      expect(err).to.include({ code })
      expect(err.retryAfterMs).to.equal(undefined)
      expect(server.seen).to.have.length(1)
    })
  }

  for (const [header, ms] of [
    [undefined, 60_000],
    ['3', 3_000],
    ['0', 1_000],
    ['-1', 60_000],
    ['abc', 60_000],
    ['1000000000', 900_000],
    [new Date(NOW_MS + 90_000).toUTCString(), 90_000],
    [new Date(NOW_MS - 90_000).toUTCString(), 1_000],
    [new Date(NOW_MS + 1e9).toUTCString(), 900_000],
    ['Fri, 99 Nov 2026 15:00:00 GMT', 60_000],
  ] as const) {
    it(`waits ${ms} ms after a 429 with Retry-After ${header}`, async () => {
      server.answer((res) => res.writeHead(429, header === undefined ? {} : { 'retry-after': header }).end())
      expect(await asked()).to.include({ code: 'upstream_rate_limited', retryAfterMs: ms })
    })
  }

  it('heeds the Retry-After of a 503', async () => {
    server.answer((res) => res.writeHead(503, { 'retry-after': '7' }).end())
    expect(await asked()).to.include({ code: 'upstream_unavailable', retryAfterMs: 7_000 })
  })

  for (const status of [301, 302, 307, 308]) {
    it(`does not follow a ${status}`, async () => {
      server.answer((res) => res.writeHead(status, { location: `${server.url}/elsewhere` }).end())
      expect(await asked()).to.include({ code: 'upstream_invalid' })
      expect(server.seen).to.have.length(1)
    })
  }

  for (const [name, body] of [
    ['HTML', '<html>maintenance</html>'],
    ['nothing', ''],
    ['half a JSON', JSON.stringify(page('egv', [anEgv()])).slice(0, -9)],
  ] as const) {
    it(`calls 200 with ${name} invalid`, async () => {
      server.answer((res) => res.writeHead(200).end(body))
      expect(await asked()).to.include({ code: 'upstream_invalid' })
    })
  }

  it('reads a gzipped page', async () => {
    const body = gzipSync(JSON.stringify(page('egv', [anEgv()])))
    server.answer((res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(body))
    const fetched = await aClient(server.url).client.fetchReadings(aCall(), 'cgm', HOUR)
    expect(fetched.measurements).to.have.length(1)
  })

  it('reads a page just below 16 MB', async () => {
    const records = Array.from({ length: 15 }, () => anEgv({ note: 'x'.repeat(1024 * 1024) }))
    server.answer(server.json(200, page('egv', records)))
    const { client } = aClient(server.url)
    expect((await client.fetchReadings(aCall(), 'cgm', HOUR)).fetched).to.equal(15)
  }).timeout(10_000)

  for (const [name, headers, body] of [
    ['a page above 16 MB', {}, Buffer.alloc(17 * 1024 * 1024, ' ')],
    ['a gzip bomb', { 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(200 * 1024 * 1024, ' '))],
  ] as const) {
    it(`gives up on ${name} without holding it`, async () => {
      server.answer((res) => res.writeHead(200, headers).end(body))
      const before = process.memoryUsage().rss
      const err = await thrown(aClient(server.url).client.fetchReadings(aCall(), 'cgm', HOUR))
      expect(err).to.include({ code: 'upstream_invalid' })
      expect(process.memoryUsage().rss - before).to.be.below(150 * 1024 * 1024)
    }).timeout(10_000)
  }

  it('calls broken gzip invalid', async () => {
    server.answer((res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip at all'))
    expect(await asked()).to.include({ code: 'upstream_invalid' })
  })

  it('takes nothing from a page that breaks off', async () => {
    server.answer((res) => {
      res.writeHead(200, { 'content-length': '100000' })
      res.write(JSON.stringify(page('egv', [anEgv()])), () => res.destroy())
    })
    expect(await asked()).to.include({ code: 'upstream_unavailable' })
  })

  it('gives up on a server that says nothing', async () => {
    server.answer(() => undefined)
    expect(await asked()).to.include({ code: 'upstream_unavailable' })
  })

  it('gives up on a body that drips', async () => {
    server.answer((res) => {
      res.writeHead(200)
      const drip = setInterval(() => res.write(' '), 50)
      res.on('close', () => clearInterval(drip))
    })
    expect(await asked()).to.include({ code: 'upstream_unavailable' })
  })

  it('calls what is not HTTP invalid', async () => {
    const babbler = createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n'))
    babbler.listen(0, '127.0.0.1')
    await once(babbler, 'listening')
    const { port } = babbler.address() as { port: number }
    const { client } = aClient(`http://127.0.0.1:${port}`, QUICK_TIMEOUTS)
    const err = await thrown(client.fetchReadings(aCall(), 'cgm', HOUR))
    babbler.close()
    expect(err).to.include({ code: 'upstream_invalid' })
  })

  it('calls a closed port unavailable', async () => {
    const { client } = aClient('http://127.0.0.1:1')
    expect(await thrown(client.fetchReadings(aCall(), 'cgm', HOUR))).to.include({ code: 'upstream_unavailable' })
  })

  it('ends with the reason of its signal', async () => {
    const lease = new AbortController()
    server.answer(() => lease.abort(new AppError('lease_lost', 'The lease ended')))
    expect(await asked(lease.signal)).to.include({ code: 'lease_lost' })
    const shutdown = new AbortController()
    server.answer(() => shutdown.abort())
    expect(await asked(shutdown.signal)).to.include({ code: 'upstream_unavailable' })
  })

  it('tells operators how each exchange ended', async () => {
    const { client, requests } = aClient(server.url, QUICK_TIMEOUTS)
    const ask = () => thrown(client.fetchReadings(aCall(), 'cgm', HOUR))
    server.answer((res) => res.writeHead(503).end())
    await ask()
    server.answer((res) => res.destroy())
    await ask()
    server.answer((res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip at all'))
    await ask()
    expect(requests.map(({ status }) => status)).to.deep.equal(['503', 'lost', 'unreadable'])
  })

  it('shows no token and no body in any error', async () => {
    const faults: Parameters<ScriptedServer['answer']>[0][] = [
      (res) => res.writeHead(401).end('CANARY-body'),
      (res) => res.writeHead(429, { 'retry-after': 'CANARY' }).end('CANARY-body'),
      (res) => res.writeHead(500).end('CANARY-body'),
      (res) => res.writeHead(302, { location: 'http://CANARY.example' }).end(),
      (res) => res.writeHead(200).end('{"CANARY-body'),
      (res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end('CANARY-body'),
      (res) => res.destroy(),
      () => undefined,
      server.json(200, page('CANARY', [])),
    ]
    for (const fault of faults) {
      server.answer(fault)
      const err = await asked()
      expect(inspect(err, { depth: 9, showHidden: true }) + JSON.stringify(err) + err.stack).to.not.include('CANARY')
      expect(err.cause).to.equal(undefined)
    }
  }).timeout(5_000)
})
