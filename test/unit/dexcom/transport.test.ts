import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect } from 'chai'
import { TLS_SERVERS } from '../../support/tls-servers.ts'
import { aCall, aClient, QUICK_TIMEOUTS, REFRESH_TOKEN } from './a-client.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'
import { NOW_MS, page } from './wire.ts'

const HOUR = { fromMs: NOW_MS - 3_600_000, toMs: NOW_MS }
const PAGE = JSON.stringify(page('egv', []))

describe('Dexcom client: transport', () => {
  const open: Server[] = []
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())
  afterEach(() => {
    for (const one of open.splice(0)) one.close()
  })

  async function listening(one: Server): Promise<number> {
    one.listen(0, '127.0.0.1')
    await once(one, 'listening')
    open.push(one)
    return (one.address() as AddressInfo).port
  }
  const ask = (baseUrl: string) => aClient(baseUrl, QUICK_TIMEOUTS).client.fetchReadings(aCall(), 'cgm', HOUR)
  /** A server that answers whatever comes with these bytes. */
  const saying = async (...lines: readonly string[]) => {
    const say = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(`${lines.join('\r\n')}\r\n\r\n${PAGE}`))
    })
    return `http://127.0.0.1:${await listening(say)}`
  }

  describe('F5: time limits', () => {
    const cases: Record<string, Parameters<ScriptedServer['answer']>[0]> = {
      'headers and then nothing': (res) => res.writeHead(200, { 'content-length': '100' }).flushHeaders(),
      'a byte now and then': (res) => {
        const drip = setInterval(() => res.write(' '), 40)
        res.on('close', () => clearInterval(drip))
      },
      'early hints without end': (res) => {
        const hints = setInterval(() => res.writeEarlyHints({ link: '</style.css>; rel=preload' }), 40)
        res.on('close', () => clearInterval(hints))
      },
    }
    for (const [name, script] of Object.entries(cases)) {
      it(`end ${name}`, async () => {
        server.answer(script)
        const startedAt = performance.now()
        expect(await thrown(ask(server.url))).to.include({ code: 'upstream_unavailable' })
        expect(performance.now() - startedAt).to.be.below(2_000)
        const { client } = aClient(server.url, QUICK_TIMEOUTS)
        expect(await thrown(client.refresh('default', REFRESH_TOKEN))).to.include({ code: 'upstream_outcome_unknown' })
      })
    }

    it('are called by their name to operators', async () => {
      server.answer(() => undefined)
      const { client, requests } = aClient(server.url, QUICK_TIMEOUTS)
      await thrown(client.fetchReadings(aCall(), 'cgm', HOUR))
      expect(requests.map(({ status }) => status)).to.deep.equal(['timeout'])
    })
  })

  it('F16: tells of a redirect, for data and for tokens, and follows none', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      server.answer((res) => res.writeHead(status, { location: `${server.url}/elsewhere` }).end())
      const { client, redirects, requests } = aClient(server.url, QUICK_TIMEOUTS)
      await thrown(client.fetchReadings(aCall(), 'cgm', HOUR))
      await thrown(client.refresh('default', REFRESH_TOKEN))
      expect(redirects).to.deep.equal(['default', 'default'])
      expect(requests.map((request) => request.status)).to.deep.equal([String(status), String(status)])
      expect(server.seen).to.have.length(2)
    }
  })

  describe('F17: TLS', () => {
    const trusted = getCACertificates('default')
    const answering: RequestListener = (_req, res) => res.end(PAGE)
    const secure = async (options: ServerOptions) => {
      const one = createTlsServer(options, answering)
      one.on('tlsClientError', () => undefined)
      return `https://127.0.0.1:${await listening(one)}`
    }
    // As if an authority that we trust had signed them; only then is it the date or the name that refuses.
    const trust = () => setDefaultCACertificates([...trusted, ...Object.values(TLS_SERVERS).map(({ cert }) => cert)])
    afterEach(() => {
      setDefaultCACertificates(trusted)
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    })

    it('takes a certificate that is in order', async () => {
      trust()
      expect((await ask(await secure(TLS_SERVERS.good))).fetched).to.equal(0)
    })

    for (const [name, options, isTrusted] of [
      ['signed by nobody', TLS_SERVERS.good, false],
      ['expired', TLS_SERVERS.expired, true],
      ['of another host', TLS_SERVERS.elsewhere, true],
      [
        'below 1.2',
        { ...TLS_SERVERS.good, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' },
        true,
      ],
    ] as const) {
      it(`refuses one that is ${name}, also where the environment says otherwise, and sends nothing`, async () => {
        if (isTrusted) trust()
        process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
        let asked = 0
        const one = createTlsServer(options, (req, res) => {
          asked += 1
          answering(req, res)
        })
        one.on('tlsClientError', () => undefined)
        const url = `https://127.0.0.1:${await listening(one)}`
        expect(await thrown(ask(url))).to.include({ code: 'upstream_unavailable' })
        expect(asked).to.equal(0)
      })
    }
  })

  it('F18: takes a name that nobody knows for an outage', async () => {
    expect(await thrown(ask('http://no-such-host.invalid'))).to.include({ code: 'upstream_unavailable' })
  })

  describe('F19: odd HTTP', () => {
    for (const [name, lines, code] of [
      ['an answer after 100 Continue', ['HTTP/1.1 100 Continue', '', 'HTTP/1.1 200 OK'], null],
      ['103 and nothing more', ['HTTP/1.1 103 Early Hints'], 'upstream_invalid'],
      [
        '101 Switching Protocols',
        ['HTTP/1.1 101 Switching', 'Upgrade: x', 'Connection: Upgrade'],
        'upstream_unavailable',
      ],
      ['two lengths', ['HTTP/1.1 200 OK', 'Content-Length: 9', 'Content-Length: 8'], 'upstream_invalid'],
      [
        'a length and chunks',
        ['HTTP/1.1 200 OK', 'Content-Length: 9', 'Transfer-Encoding: chunked'],
        'upstream_invalid',
      ],
      ['a length that is too long', ['HTTP/1.1 200 OK', 'Content-Length: 9999'], 'upstream_unavailable'],
      ['a length that is too short', ['HTTP/1.1 200 OK', 'Content-Length: 5'], 'upstream_invalid'],
      ['headers without end', ['HTTP/1.1 200 OK', `X: ${'x'.repeat(200_000)}`], 'upstream_invalid'],
      ['every header twice', ['HTTP/1.1 200 OK', 'Date: x', 'Date: y', 'Content-Type: a', 'Content-Type: b'], null],
      ['two Retry-After', ['HTTP/1.1 429 No', 'Retry-After: 7', 'Retry-After: 900'], 'upstream_rate_limited'],
      ['a status of its own', ['HTTP/1.1 999 Hello'], 'upstream_unavailable'],
    ] as const) {
      it(`reads ${name} as ${code ?? 'a page'}`, async () => {
        const outcome = await ask(await saying(...lines)).catch((err: { code: string }) => err.code)
        if (code === null) expect(outcome).to.include({ fetched: 0 })
        else expect(outcome).to.equal(code)
      })
    }
  })

  it('F14: calls a page that is too large neither an outage nor garbage', async () => {
    server.answer((res) => res.writeHead(200).end(Buffer.alloc(17 * 1024 * 1024, ' ')))
    const { client, circuits, requests } = aClient(server.url)
    for (let i = 0; i < 20; i++) await client.dataRange(aCall()).catch(() => undefined)
    expect(requests.map(({ status }) => status)).to.deep.equal(Array.from({ length: 20 }, () => 'too_large'))
    expect(circuits).to.deep.equal(['closed'])
  }).timeout(10_000)

  it('F3: hands every 429 to the gate, with the time that it lasts', async () => {
    server.answer((res) => res.writeHead(429, { 'retry-after': '3' }).end())
    const { client, pauses } = aClient(server.url)
    await thrown(client.fetchReadings(aCall(), 'cgm', HOUR))
    await thrown(client.refresh('default', REFRESH_TOKEN))
    server.answer((res) => res.writeHead(429).end())
    await thrown(client.dataRange(aCall()))
    expect(pauses).to.deep.equal([3_000, 3_000, 60_000])
  })

  it('reuses connections for data', async () => {
    server.answer((res) => res.end(PAGE))
    const sockets = new Set<unknown>()
    server.answer((res, req) => {
      sockets.add(req.socket)
      res.end(PAGE)
    })
    const { client } = aClient(server.url)
    for (let i = 0; i < 5; i++) await client.fetchReadings(aCall(), 'cgm', HOUR)
    expect(sockets.size).to.equal(1)
  })

  it('goes through no proxy that the environment names', async () => {
    const target = `http://127.0.0.1:${await listening(createServer((_req, res) => res.end(PAGE)))}`
    const script = `
      import { aCall, aClient } from ${JSON.stringify(new URL('./a-client.ts', import.meta.url).href)}
      const fetched = await aClient(${JSON.stringify(target)}).client.fetchReadings(aCall(), 'cgm', ${JSON.stringify(HOUR)})
      console.log(fetched.dexcomUserId)`
    const proxy = 'http://127.0.0.1:1'
    const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
      env: { PATH: process.env.PATH, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy, http_proxy: proxy, NO_PROXY: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [output] = await Promise.all([child.stdout.toArray(), once(child, 'exit')])
    expect(Buffer.concat(output).toString()).to.equal('dexcom-user\n')
  })
})
