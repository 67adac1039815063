import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'
import { ALICE, type Answer, anApi, aSync, type TestApi } from './an-api.ts'

const SCRIPT = '<script>alert(1)</script>'
const CODE = 'the-code-c4n4ry'

describe('api: connecting in a browser', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => {
    api.reset()
    api.behind.outcome = aSync({ status: 'completed' })
  })
  after(() => api.close())

  const browse = (path: string, cookie?: string) => api.ask(path, { token: null, headers: cookie ? { cookie } : {} })
  const cookieOf = ({ headers }: Answer) => String(headers['set-cookie']?.[0])

  /** Asks for an address and opens it, as a person's browser does. */
  async function begin(body: object = {}, from = api) {
    const created = await from.ask('/api/bg/alice/connection', { method: 'POST', body })
    const { pathname } = new URL(String(created.json.authorizationUrl))
    const started = await from.ask(pathname, { token: null })
    const dexcom = new URL(String(started.headers.location))
    const cookie = cookieOf(started).split(';')[0] ?? ''
    return { pathname, started, dexcom, cookie, state: dexcom.searchParams.get('state') ?? '' }
  }
  const callback = (query: Record<string, string>, cookie?: string) =>
    browse(`/oauth/callback?${new URLSearchParams(query)}`, cookie)

  function expectPage(answer: Answer, status: number, title: string): void {
    expect([answer.status, /<title>(.*)<\/title>/.exec(answer.text)?.[1]]).to.deep.equal([status, title])
    expect(answer.headers['content-type']).to.equal('text/html; charset=utf-8')
    expect(answer.headers['cache-control']).to.equal('no-store')
    expect(answer.headers['referrer-policy']).to.equal('no-referrer')
    expect(answer.headers['content-security-policy'])
      .to.include("default-src 'none'")
      .and.include("frame-ancestors 'none'")
  }
  const EXPIRED = 'This link cannot be used'
  const FOREIGN = 'This answer does not belong to this browser'

  describe('our one-time address', () => {
    it("leads to Dexcom's login of the region, with a state of its own", async () => {
      for (const [region, host, client] of [
        ['default', 'sandbox-api.dexcom.com', 'our-client'],
        ['EU', 'api.dexcom.eu', 'our-client-eu'],
      ]) {
        const { started, dexcom, state } = await begin({ region })
        expect([started.status, dexcom.host, dexcom.pathname]).to.deep.equal([302, host, '/v3/oauth2/login'])
        expect(Object.fromEntries(dexcom.searchParams)).to.deep.equal({
          client_id: client,
          redirect_uri: 'https://bg.example.com/oauth/callback',
          response_type: 'code',
          scope: 'offline_access',
          state,
        })
        expect(state).to.match(/^[\w-]{43}$/)
        expect(started.headers['cache-control']).to.equal('no-store')
        expect(started.headers['referrer-policy']).to.equal('no-referrer')
      }
    })

    it('ties the attempt to the browser, by a cookie that neither scripts nor other sites get', async () => {
      const { started, state } = await begin()
      expect(cookieOf(started)).to.match(
        /^bg_oauth_[\w-]{12}=[\w-]{43}; Max-Age=600; Path=\/oauth; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
      )
      expect(cookieOf(started)).not.to.include(state)
      expect([...api.behind.tickets.values()].join()).not.to.include(cookieOf(started).slice(22, 65))
    })

    it('works without https where the redirect URI has none', async () => {
      const local = await anApi({ redirectUri: 'http://localhost:5001/oauth/callback' })
      try {
        const { started } = await begin({}, local)
        expect(cookieOf(started)).to.include('HttpOnly; SameSite=Lax').and.not.include('Secure')
      } finally {
        await local.close()
      }
    })

    it('works once', async () => {
      const { pathname } = await begin()
      expectPage(await browse(pathname), 400, EXPIRED)
      expectPage(await browse(`/oauth/start/${'a'.repeat(43)}`), 400, EXPIRED)
      expectPage(await browse('/oauth/start/short'), 400, EXPIRED)
    })

    it('is not spent by a preview of the link', async () => {
      const created = await api.ask('/api/bg/alice/connection', { method: 'POST' })
      const { pathname } = new URL(String(created.json.authorizationUrl))
      for (const method of ['HEAD', 'OPTIONS', 'POST']) {
        const { status, headers } = await api.ask(pathname, { method, token: null })
        expect([status, headers.allow]).to.deep.equal([405, 'GET'])
      }
      expect((await browse(pathname)).status).to.equal(302)
    })

    it('does not take a state for an address, nor the other way round', async () => {
      const { state } = await begin()
      expectPage(await browse(`/oauth/start/${state}`), 400, EXPIRED)
      const created = await api.ask('/api/bg/alice/connection', { method: 'POST' })
      const ticket = String(created.json.authorizationUrl).split('/').at(-1) ?? ''
      expectPage(await callback({ code: CODE, state: ticket }), 400, EXPIRED)
    })
  })

  describe('coming back', () => {
    it('hands the code to a worker, sealed, and says that it is done', async () => {
      const { state, cookie } = await begin({ region: 'EU' })
      const answer = await callback({ code: CODE, state }, `other=1; ${cookie}; bg_oauth_x=2`)
      expectPage(answer, 200, 'Connected')
      expect(cookieOf(answer)).to.match(
        /^bg_oauth_[\w-]{12}=; Path=\/oauth; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax$/,
      )
      expect(api.behind.enqueued).to.deep.equal([
        {
          key: 'connectUser',
          input: {
            v: 1,
            userId: ALICE,
            region: 'EU',
            sealedCode: 'sealed oauth_code of alice',
            requestId: answer.headers['x-request-id'],
          },
        },
      ])
      expect(api.behind.waits).to.deep.equal([15_000])
      expect(api.behind.log.join('')).not.to.include(CODE)
    })

    it('leads on where that was asked for, only once connected', async () => {
      const returnTo = 'https://app.example.com/done?step=2#end'
      const { state, cookie } = await begin({ returnTo })
      const answer = await callback({ code: CODE, state }, cookie)
      expect([answer.status, answer.headers.location]).to.deep.equal([
        302,
        'https://app.example.com/done?step=2&connected=true#end',
      ])
      expect(answer.headers['cache-control']).to.equal('no-store')

      api.behind.outcome = aSync({ status: 'failed' })
      const failed = await begin({ returnTo })
      expectPage(await callback({ code: CODE, state: failed.state }, failed.cookie), 502, 'Not connected')
    })

    it('says how it stands while the worker is not done', async () => {
      for (const outcome of [null, aSync({ status: 'active' })]) {
        api.behind.outcome = outcome
        const { state, cookie } = await begin()
        expectPage(await callback({ code: CODE, state }, cookie), 200, 'Almost there')
      }
    })

    it('says what failed, in our words', async () => {
      const failures = [
        ['authorization_failed', 502, 'Not connected'],
        ['wrong_account', 409, 'Another Dexcom account'],
        ['internal_error', 502, 'Not connected'],
      ] as const
      for (const [code, status, title] of failures) {
        api.behind.outcome = aSync({ status: 'failed', error: { code, detail: SCRIPT } })
        const { state, cookie } = await begin()
        const answer = await callback({ code: CODE, state }, cookie)
        expectPage(answer, status, title)
        expect(answer.text).not.to.include(SCRIPT)
      }
    })

    it('works once: a replay finds no state', async () => {
      const { state, cookie } = await begin()
      await callback({ code: CODE, state }, cookie)
      expectPage(await callback({ code: CODE, state }, cookie), 400, EXPIRED)
      expect(api.behind.enqueued).to.have.length(1)
    })

    it('spends the state where the person said no', async () => {
      const { state, cookie } = await begin()
      expectPage(await callback({ error: 'access_denied', state }, cookie), 400, 'Not connected')
      expectPage(await callback({ code: CODE, state }, cookie), 400, EXPIRED)
      expect(api.behind.enqueued).to.deep.equal([])
    })

    it('refuses a state that began in another browser, without and with a cookie of its own', async () => {
      const victim = await begin()
      expectPage(await callback({ code: CODE, state: victim.state }), 400, FOREIGN)

      const [attacker, mine] = [await begin(), await begin()]
      expectPage(await callback({ code: CODE, state: attacker.state }, mine.cookie), 400, FOREIGN)
      const renamed = `${attacker.cookie.split('=')[0]}=${mine.cookie.split('=')[1]}`
      const again = await begin()
      expectPage(await callback({ code: CODE, state: again.state }, renamed), 400, FOREIGN)
      expect(api.behind.enqueued).to.deep.equal([])
    })

    it('lets two tabs finish in any order', async () => {
      const [first, second] = [await begin(), await begin()]
      const cookies = `${first.cookie}; ${second.cookie}`
      expectPage(await callback({ code: CODE, state: second.state }, cookies), 200, 'Connected')
      expectPage(await callback({ code: CODE, state: first.state }, cookies), 200, 'Connected')
    })

    it('refuses what is no state or no code, and enqueues nothing', async () => {
      const states = ['', 'x', SCRIPT, 'a'.repeat(43), '../../x', '*', 'a'.repeat(5000)]
      for (const state of states) expectPage(await callback({ code: CODE, state }), 400, EXPIRED)
      expectPage(await browse('/oauth/callback'), 400, EXPIRED)
      const twice = await begin()
      expectPage(
        await browse(`/oauth/callback?code=x&state=${twice.state}&state=${twice.state}`, twice.cookie),
        400,
        EXPIRED,
      )
      for (const code of ['', 'c'.repeat(2049)]) {
        const { state, cookie } = await begin()
        expectPage(await callback({ code, state }, cookie), 400, 'Not connected')
      }
      expect(api.behind.enqueued).to.deep.equal([])
    })

    it('echoes nothing of the query, in the page or in a header', async () => {
      const { state, cookie } = await begin()
      const queries = [
        { state: SCRIPT, code: SCRIPT, error: SCRIPT },
        { error: SCRIPT, error_description: SCRIPT, state },
        { [SCRIPT]: SCRIPT },
      ]
      for (const query of queries) {
        const { text, headers } = await callback(query as Record<string, string>, cookie)
        expect(text).not.to.include('alert').and.not.include(state)
        expect(JSON.stringify(headers)).not.to.include('alert')
      }
    })

    it('says that nothing was changed while Redis is away, in the address and in the callback', async () => {
      const { state, cookie } = await begin()
      api.behind.queueFault = new AppError('service_unavailable', SCRIPT)
      for (const answer of [
        await callback({ code: CODE, state }, cookie),
        await browse(`/oauth/start/${'a'.repeat(43)}`),
      ]) {
        expectPage(answer, 503, 'Please try again in a minute')
        expect(answer.headers['retry-after']).to.equal('30')
        expect(answer.text).not.to.include(SCRIPT)
      }
    })

    it('shows a fault of ours as a page without its words', async () => {
      const { state, cookie } = await begin()
      api.behind.queueFault = new Error(`${SCRIPT} ${CODE}`)
      const answer = await callback({ code: CODE, state }, cookie)
      expectPage(answer, 502, 'Not connected')
      expect(answer.text).not.to.include('script').and.not.include(CODE)
      expect(api.behind.log.join('')).not.to.include(CODE)
    })
  })
})
