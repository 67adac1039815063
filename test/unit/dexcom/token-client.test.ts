import { inspect } from 'node:util'
import { expect } from 'chai'
import { aClient, CLIENT_SECRET, QUICK_TIMEOUTS, REDIRECT_URI, REFRESH_TOKEN } from './a-client.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'

const TOKENS = {
  access_token: 'new-access',
  expires_in: 7200,
  token_type: 'Bearer',
  refresh_token: 'new-refresh',
  refresh_expires_in: 0,
  'not-before-policy': '1726871301,',
  session_state: '8c1d2f0a-5a0e-4a55-9f0c-0d4f2f7c1b11',
}

describe('Dexcom client: tokens', () => {
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())

  const client = () => aClient(server.url, QUICK_TIMEOUTS).client
  const refresh = () => client().refresh('default', REFRESH_TOKEN)
  const exchange = () => client().exchangeCode('default', 'CANARY-code')

  it('posts a refresh as a form, urgently, on a connection of its own', async () => {
    server.answer(server.json(200, TOKENS))
    const { client, requests, priorities } = aClient(server.url)
    expect(await client.refresh('default', REFRESH_TOKEN)).to.deep.equal({
      accessToken: 'new-access',
      refreshToken: 'new-refresh',
      expiresInSeconds: 7200,
    })
    const [request] = server.seen
    expect(request?.method).to.equal('POST')
    expect(request?.url.href).to.match(/\/v3\/oauth2\/token$/)
    expect(request?.headers['content-type']).to.equal('application/x-www-form-urlencoded')
    expect(request?.headers.connection).to.equal('close')
    expect(request?.headers).to.not.have.property('authorization')
    expect(Object.fromEntries(request?.form ?? [])).to.deep.equal({
      client_id: 'our-client',
      client_secret: CLIENT_SECRET,
      grant_type: 'refresh_token',
      refresh_token: REFRESH_TOKEN,
    })
    expect(requests).to.deep.equal([{ endpoint: 'token', status: '200', seconds: 0 }])
    expect(priorities).to.deep.equal([1])
  })

  it('posts a code with the registered redirect', async () => {
    server.answer(server.json(200, TOKENS))
    expect((await exchange()).refreshToken).to.equal('new-refresh')
    expect(Object.fromEntries(server.seen[0]?.form ?? [])).to.deep.equal({
      client_id: 'our-client',
      client_secret: CLIENT_SECRET,
      grant_type: 'authorization_code',
      code: 'CANARY-code',
      redirect_uri: REDIRECT_URI,
    })
  })

  it('posts the verifier of a challenge with the code (PKCE)', async () => {
    server.answer(server.json(200, TOKENS))
    await client().exchangeCode('default', 'CANARY-code', 'CANARY-verifier')
    expect(server.seen[0]?.form.get('code_verifier')).to.equal('CANARY-verifier')
  })

  for (const [given, expected] of [
    [7200, 7200],
    ['7200', 7200],
    [undefined, 7200],
    [null, 7200],
    ['soon', 7200],
    [0, 60],
    [-5, 60],
    [1e12, 86_400],
    [90.9, 90],
  ] as const) {
    it(`reads expires_in ${JSON.stringify(given)} as ${expected} s`, async () => {
      server.answer(server.json(200, { ...TOKENS, expires_in: given }))
      expect((await refresh()).expiresInSeconds).to.equal(expected)
    })
  }

  for (const refresh_token of [undefined, null, '']) {
    it(`keeps the refresh token where the answer has ${JSON.stringify(refresh_token)}`, async () => {
      server.answer(server.json(200, { ...TOKENS, refresh_token }))
      expect((await refresh()).refreshToken).to.equal(REFRESH_TOKEN)
      expect(await thrown(exchange())).to.include({ code: 'upstream_invalid' })
    })
  }

  // status, body, code of a refresh, code of a code exchange
  for (const [status, body, forRefresh, forCode] of [
    [400, { error: 'invalid_grant' }, 'needs_reauth', 'authorization_failed'],
    [401, { error: 'invalid_grant', error_description: 'x' }, 'needs_reauth', 'authorization_failed'],
    [400, { error: 'invalid_client' }, 'upstream_misconfigured', 'upstream_misconfigured'],
    [401, { error: 'unauthorized_client' }, 'upstream_misconfigured', 'upstream_misconfigured'],
    [400, { error: 'invalid_request' }, 'upstream_rejected', 'authorization_failed'],
    [400, '<html>', 'upstream_rejected', 'authorization_failed'],
    [401, {}, 'upstream_rejected', 'upstream_rejected'],
    [403, 'invalid_grant', 'upstream_rejected', 'upstream_rejected'],
    [404, null, 'upstream_rejected', 'upstream_rejected'],
    [500, { error: 'invalid_grant' }, 'upstream_unavailable', 'upstream_unavailable'],
    [503, '<html>', 'upstream_unavailable', 'upstream_unavailable'],
    [302, '', 'upstream_unavailable', 'upstream_unavailable'],
    [200, '<html>', 'upstream_outcome_unknown', 'upstream_outcome_unknown'],
    [200, '', 'upstream_outcome_unknown', 'upstream_outcome_unknown'],
    [200, {}, 'upstream_outcome_unknown', 'upstream_outcome_unknown'],
    [200, { ...TOKENS, access_token: '' }, 'upstream_outcome_unknown', 'upstream_outcome_unknown'],
    [204, '', 'upstream_outcome_unknown', 'upstream_outcome_unknown'],
  ] as const) {
    it(`reads ${status} ${JSON.stringify(body)} as ${forRefresh}, for a code as ${forCode}, once`, async () => {
      server.answer((res) => {
        res.writeHead(status, { location: `${server.url}/elsewhere` })
        res.end(typeof body === 'string' ? body : JSON.stringify(body))
      })
      expect(await thrown(refresh())).to.include({ code: forRefresh })
      expect(await thrown(exchange())).to.include({ code: forCode })
      expect(server.seen).to.have.length(2)
    })
  }

  it('passes on how long a 429 lasts', async () => {
    server.answer((res) => res.writeHead(429, { 'retry-after': '3' }).end())
    expect(await thrown(refresh())).to.include({ code: 'upstream_rate_limited', retryAfterMs: 3_000 })
  })

  for (const [name, fault] of [
    ['a reset after sending', (res) => res.destroy()],
    ['silence', () => undefined],
    [
      'an answer that breaks off',
      (res) => res.writeHead(200, { 'content-length': '999' }).write('{', () => res.destroy()),
    ],
  ] as [string, Parameters<ScriptedServer['answer']>[0]][]) {
    it(`does not know what ${name} has cost, and does not try again`, async () => {
      server.answer(fault)
      expect(await thrown(refresh())).to.include({ code: 'upstream_outcome_unknown' })
      expect(server.seen).to.have.length(1)
    })
  }

  for (const host of ['http://127.0.0.1:1', 'http://no-such-host.invalid']) {
    it(`knows that nothing was sent to ${host}`, async () => {
      const { client } = aClient(host)
      expect(await thrown(client.refresh('default', REFRESH_TOKEN))).to.include({ code: 'upstream_unavailable' })
    })
  }

  it('shows no token, no code and no secret in any error', async () => {
    const faults: Parameters<ScriptedServer['answer']>[0][] = [
      server.json(400, { error: 'invalid_grant', error_description: 'CANARY' }),
      server.json(400, { error: 'CANARY' }),
      (res) => res.writeHead(500).end('CANARY'),
      (res) => res.writeHead(200).end('CANARY'),
      (res) => res.destroy(),
      () => undefined,
    ]
    for (const fault of faults) {
      for (const call of [refresh, exchange]) {
        server.answer(fault)
        const err = await thrown(call())
        expect(inspect(err, { depth: 9, showHidden: true }) + JSON.stringify(err) + err.stack).to.not.include('CANARY')
        expect(err.cause).to.equal(undefined)
      }
    }
  }).timeout(5_000)
})
