import { expect } from 'chai'
import { aBrowser, CODE, cookieOf, EXPIRED, expectPage } from './a-browser.ts'
import { anApi, type TestApi } from './an-api.ts'

describe('api: our one-time address for a browser', () => {
  let api: TestApi
  let browser: ReturnType<typeof aBrowser>
  before(async () => {
    api = await anApi()
    browser = aBrowser(api)
  })
  beforeEach(() => api.reset())
  after(() => api.close())

  it("leads to Dexcom's login of the region, with a state of its own", async () => {
    for (const [region, host, client] of [
      ['default', 'sandbox-api.dexcom.com', 'our-client'],
      ['EU', 'api.dexcom.eu', 'our-client-eu'],
    ]) {
      const { started, dexcom, state } = await browser.begin({ region })
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
    const { started, state } = await browser.begin()
    expect(cookieOf(started)).to.match(
      /^bg_oauth_[\w-]{12}=[\w-]{43}; Max-Age=600; Path=\/oauth; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(cookieOf(started)).not.to.include(state)
    expect([...api.behind.tickets.values()].join()).not.to.include(cookieOf(started).slice(22, 65))
  })

  it('works without https where the redirect URI has none', async () => {
    const local = await anApi({ redirectUri: 'http://localhost:5001/oauth/callback' })
    try {
      const { started } = await aBrowser(local).begin()
      expect(cookieOf(started)).to.include('HttpOnly; SameSite=Lax').and.not.include('Secure')
    } finally {
      await local.close()
    }
  })

  it('works once', async () => {
    const { pathname } = await browser.begin()
    expectPage(await browser.browse(pathname), 400, EXPIRED)
    expectPage(await browser.browse(`/oauth/start/${'a'.repeat(43)}`), 400, EXPIRED)
    expectPage(await browser.browse('/oauth/start/short'), 400, EXPIRED)
  })

  it('is not spent by a preview of the link', async () => {
    const created = await api.ask('/api/bg/alice/connection', { method: 'POST' })
    const { pathname } = new URL(String(created.json.authorizationUrl))
    for (const method of ['HEAD', 'OPTIONS', 'POST']) {
      const { status, headers } = await api.ask(pathname, { method, token: null })
      expect([status, headers.allow]).to.deep.equal([405, 'GET'])
    }
    expect((await browser.browse(pathname)).status).to.equal(302)
  })

  it('does not take a state for an address, nor the other way round', async () => {
    const { state } = await browser.begin()
    expectPage(await browser.browse(`/oauth/start/${state}`), 400, EXPIRED)
    const created = await api.ask('/api/bg/alice/connection', { method: 'POST' })
    const ticket = String(created.json.authorizationUrl).split('/').at(-1) ?? ''
    expectPage(await browser.callback({ code: CODE, state: ticket }), 400, EXPIRED)
  })
})
