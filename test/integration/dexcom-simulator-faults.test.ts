import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { rawGet } from '../support/raw-http.ts'
import { type Tokens, type Visitor, visitSimulator } from '../support/simulator-visitor.ts'
import { until } from '../support/until.ts'

const MEGABYTE = 1024 * 1024

describe('dexcom simulator: faults', () => {
  let at: Visitor
  let ada: Tokens
  beforeEach(async () => {
    at = await visitSimulator()
    ada = await at.connect('ada')
  })
  afterEach(() => at.simulator.stop())

  const plan = async (rule: object) => {
    const { status, body } = await at.sim('POST', 'faults', { endpoint: 'devices', ...rule })
    expect(status, JSON.stringify(body)).to.equal(201)
  }
  const act = (action: object, more: object = {}) => plan({ count: 1, action, ...more })
  const devices = () => at.get('devices', ada.access_token)
  const code = (err: unknown): string => String((err as { cause?: { code?: string } }).cause?.code ?? err)
  const failure = (sent: Promise<Response>) => sent.then((response) => response.text()).then(() => 'answered', code)

  for (const status of [400, 401, 403, 404, 429, 500, 502, 503, 504, 204, 304]) {
    it(`answers ${status}, once, and the truth again`, async () => {
      await act({ kind: 'status', status })
      const faulty = await devices()
      expect([faulty.status, faulty.headers.has('retry-after'), await faulty.text()]).to.deep.equal([status, false, ''])
      expect((await devices()).status).to.equal(200)
    })
  }

  it('sends Retry-After as seconds, as text and as a date', async () => {
    await act({ kind: 'status', status: 429, retryAfter: 7 })
    expect((await devices()).headers.get('retry-after')).to.equal('7')
    await act({ kind: 'status', status: 429, retryAfter: 'abc' })
    expect((await devices()).headers.get('retry-after')).to.equal('abc')
    await act({ kind: 'status', status: 503, retryAfter: { dateInSeconds: 90 } })
    const date = Date.parse((await devices()).headers.get('retry-after') ?? '')
    expect(date - Date.now()).to.be.within(80_000, 91_000)
  })

  it('repeats the credentials of a request in the body of a 500', async () => {
    await act({ kind: 'status', status: 500, echoesCredentials: true }, { endpoint: 'token' })
    const body = await (await at.refresh(ada.refresh_token)).text()
    expect(body).to.include(ada.refresh_token).and.to.include('client_secret=simulator-secret')
  })

  for (const [body, text] of [
    ['empty', ''],
    ['empty-object', '{}'],
    ['null', 'null'],
    ['array', '[]'],
    ['string', '"OK"'],
  ] as const) {
    it(`answers 200 with ${body}`, async () => {
      await act({ kind: 'body', body })
      const answer = await devices()
      expect([answer.status, await answer.text()]).to.deep.equal([200, text])
    })
  }

  it('answers 200 with a page, a wrong record type, no records, somebody else and depth', async () => {
    const oddly = async (body: string, more: object = {}) => {
      await act({ kind: 'body', body, ...more })
      return (await devices()).text()
    }
    expect(await oddly('html')).to.match(/^<!doctype html>/)
    expect(JSON.parse(await oddly('wrong-record-type'))).to.include({ recordType: 'weather' })
    expect(JSON.parse(await oddly('records-missing'))).to.not.have.property('records')
    const { userId } = (await (await devices()).json()) as { userId: string }
    const foreign = JSON.parse(await oddly('foreign-user'))
    expect(foreign.userId)
      .to.match(/^[0-9a-f]{64}$/)
      .and.to.not.equal(userId)
    expect(foreign.recordType).to.equal('device')
    const deep = await oddly('deep', { depth: 40_000 })
    expect(deep.match(/\[/g)).to.have.lengthOf(40_000)
  })

  it('cuts JSON off, and says another content type', async () => {
    const whole = await (await devices()).text()
    await act({ kind: 'truncated', share: 0.5 })
    const half = await (await devices()).text()
    expect(whole.startsWith(half) && half.length > 0 && half.length < whole.length).to.equal(true)
    await act({ kind: 'content-type', contentType: 'text/plain' })
    expect((await devices()).headers.get('content-type')).to.equal('text/plain')
  })

  it('says a wrong length, both ways', async () => {
    await act({ kind: 'wrong-length', by: 10 })
    expect(await failure(devices())).to.match(/MISMATCH|UND_ERR_SOCKET|ECONNRESET/)
    await act({ kind: 'wrong-length', by: -10 })
    const raw = await rawGet(`${at.simulator.baseUrl}/v3/users/self/devices`, bearer())
    const [head = '', body = ''] = raw.toString().split('\r\n\r\n')
    expect(body.length - Number(/content-length: (\d+)/i.exec(head)?.[1])).to.equal(10)
  })

  it('sends headers twice', async () => {
    await act({ kind: 'duplicate-headers' })
    const head = (await rawGet(`${at.simulator.baseUrl}/v3/users/self/devices`, bearer())).toString()
    expect(head.match(/^content-type: /gim)).to.have.lengthOf(2)
    expect(head.match(/^retry-after: /gim)).to.have.lengthOf(2)
  })

  it('zips, truly and as a bomb', async () => {
    const whole = await (await devices()).text()
    await act({ kind: 'gzip' })
    const zipped = await devices()
    expect([zipped.headers.get('content-encoding'), await zipped.text()]).to.deep.equal(['gzip', whole])
    await act({ kind: 'gzip-bomb', megabytes: 30 })
    const raw = await rawGet(`${at.simulator.baseUrl}/v3/users/self/devices`, bearer())
    expect(raw.length).to.be.lessThan(MEGABYTE)
    await act({ kind: 'gzip-bomb', megabytes: 30 })
    const text = await (await devices()).text()
    expect(text.length).to.be.greaterThan(30 * MEGABYTE)
    expect(JSON.parse(text).recordType).to.equal('device')
  })

  it('sends 20 MB, valid', async () => {
    await act({ kind: 'huge', megabytes: 20 })
    const text = await (await devices()).text()
    expect(text.length).to.be.greaterThan(20 * MEGABYTE)
    expect(JSON.parse(text).records).to.be.an('array')
  })

  it('drips, sends headers alone, is silent: no client is done', async () => {
    const within = (ms: number) => ({ headers: bearer(), signal: AbortSignal.timeout(ms) })
    const url = `${at.simulator.baseUrl}/v3/users/self/devices`
    for (const action of [{ kind: 'drip', bytesPerSecond: 20 }, { kind: 'headers-only' }]) {
      await act(action)
      const started = await fetch(url, within(300))
      expect(started.status).to.equal(200)
      expect(await started.text().then(String, (err: Error) => err.name)).to.equal('TimeoutError')
    }
    await act({ kind: 'silence' })
    expect(await fetch(url, within(200)).then(String, (err: Error) => err.name)).to.equal('TimeoutError')
    const { entries } = (await at.sim('GET', 'journal?endpoint=devices')).body
    expect(entries.map(({ status }: { status: number | null }) => status)).to.deep.equal([null, null, null])
  })

  it('drips a whole answer to who waits', async () => {
    await act({ kind: 'drip', bytesPerSecond: 1000 }, { endpoint: 'dataRange' })
    const dripped = await (await at.get('dataRange', ada.access_token)).text()
    expect(dripped).to.equal(await (await at.get('dataRange', ada.access_token)).text())
  })

  it('waits, as told or as drawn', async () => {
    const took = async (action: object) => {
      await act({ kind: 'latency', ...action })
      const startedMs = performance.now()
      expect((await devices()).status).to.equal(200)
      return performance.now() - startedMs
    }
    expect(await took({ fixedMs: 120 })).to.be.at.least(119)
    expect(await took({ spikeMs: 150, spikeShare: 1 })).to.be.at.least(149)
    expect(await took({ p50Ms: 30, p99Ms: 31 })).to.be.at.least(28)
  })

  it('resets before, in the middle of and after an answer', async () => {
    for (const when of ['before', 'mid-body', 'after']) {
      await act({ kind: 'reset', when })
      expect(await failure(devices()), when).to.match(/ECONNRESET|UND_ERR_SOCKET|terminated/)
    }
  })

  it('rotates a token and loses the answer, by reset or by silence', async () => {
    await act({ kind: 'reset', when: 'after' }, { endpoint: 'token' })
    expect(await failure(at.refresh(ada.refresh_token))).to.not.equal('answered')
    expect((await at.refresh(ada.refresh_token)).status).to.equal(400)
    const bob = await at.connect('bob')
    await act({ kind: 'silence', when: 'after' }, { endpoint: 'token' })
    const lost = at.post({ grant_type: 'refresh_token', refresh_token: bob.refresh_token }).catch(() => null)
    await until(
      'the second call came',
      async () => (await at.sim('GET', 'manners')).body.users.bob.mostPresentations === 1,
    )
    expect((await at.refresh(bob.refresh_token)).status).to.equal(400)
    await at.simulator.stop()
    expect(await lost).to.equal(null)
  })

  it('sends a client elsewhere, with path and query', async () => {
    const seen: string[] = []
    const elsewhere = createServer((request, response) => {
      seen.push(request.url ?? '')
      response.end()
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
    const to = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
    for (const status of [302, 307, 308]) {
      await act({ kind: 'redirect', status, to })
      await at.get('devices?a=b', ada.access_token)
      await act({ kind: 'redirect', status })
      const response = await fetch(`${at.simulator.baseUrl}/v3/users/self/devices`, {
        headers: bearer(),
        redirect: 'manual',
      })
      expect([response.status, response.headers.get('location')]).to.deep.equal([
        status,
        'http://redirected.invalid/v3/users/self/devices',
      ])
    }
    expect(seen).to.deep.equal(Array(3).fill('/v3/users/self/devices?a=b'))
    elsewhere.close()
  })

  it('refuses tokens by name', async () => {
    for (const [error, status] of [
      ['invalid_client', 401],
      ['invalid_grant', 400],
    ] as const) {
      await act({ kind: 'token-error', error, status }, { endpoint: 'token' })
      const refused = await at.refresh(ada.refresh_token)
      expect([refused.status, await refused.json()]).to.deep.equal([status, { error }])
    }
    expect((await at.refresh(ada.refresh_token)).status).to.equal(200)
  })

  it('answers tokens in shapes that are not documented', async () => {
    let refreshToken = ada.refresh_token
    for (const expiresIn of ['missing', '7200', 0, 1e12, -5, null]) {
      await act({ kind: 'token-shape', expiresIn }, { endpoint: 'token' })
      const tokens = (await (await at.refresh(refreshToken)).json()) as Record<string, unknown>
      expect('expires_in' in tokens).to.equal(expiresIn !== 'missing')
      if (expiresIn !== 'missing') expect(tokens.expires_in).to.equal(expiresIn)
      refreshToken = String(tokens.refresh_token)
    }
    await act({ kind: 'token-shape', hasRefreshToken: false }, { endpoint: 'token' })
    const bare = (await (await at.refresh(refreshToken)).json()) as Record<string, unknown>
    expect(bare).to.include({ expires_in: 7200 }).and.to.not.have.property('refresh_token')
  })

  it('goes on without a count until it is told to stop, and hits whom it names', async () => {
    const bob = await at.connect('bob')
    await plan({ users: ['bob', 'cy'], action: { kind: 'status', status: 503 } })
    for (let i = 0; i < 3; i++) expect((await at.get('devices', bob.access_token)).status).to.equal(503)
    expect((await devices()).status).to.equal(200)
    await at.sim('DELETE', 'faults')
    expect((await at.get('devices', bob.access_token)).status).to.equal(200)
  })

  it('refuses rules that are none', async () => {
    for (const rule of [
      { endpoint: 'devices' },
      { endpoint: 'nowhere', status: 500 },
      { endpoint: 'devices', action: { kind: 'explode' } },
      { endpoint: 'devices', action: { kind: 'status', status: 500, sattus: 1 } },
      { endpoint: 'devices', status: 500, action: { kind: 'gzip' } },
      { endpoint: 'devices', status: 500, daily: { from: '24:00', to: '1:00' } },
    ]) {
      expect((await at.sim('POST', 'faults', rule)).status, JSON.stringify(rule)).to.equal(400)
    }
  })

  const bearer = () => ({ authorization: `Bearer ${ada.access_token}` })
})
