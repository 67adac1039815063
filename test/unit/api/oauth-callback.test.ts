import { createHash } from 'node:crypto'
import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aBrowser, CODE, cookieOf, EXPIRED, expectPage, SCRIPT } from './a-browser.ts'
import { ALICE, anApi, aSync, type TestApi } from './an-api.ts'

const FOREIGN = 'This answer does not belong to this browser'

describe('api: coming back from Dexcom', () => {
  let api: TestApi
  let browser: ReturnType<typeof aBrowser>
  before(async () => {
    api = await anApi()
    browser = aBrowser(api)
  })
  beforeEach(() => {
    api.reset()
    api.behind.outcome = aSync({ status: 'completed' })
  })
  after(() => api.close())

  it('hands the code to a worker, sealed, and says that it is done', async () => {
    const { state, cookie } = await browser.begin({ region: 'EU' })
    const answer = await browser.callback({ code: CODE, state }, `other=1; ${cookie}; bg_oauth_x=2`)
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

  it('proves with the verifier of its challenge that the code was asked for by us, where that is configured (PKCE)', async () => {
    const proving = await anApi({ pkce: true })
    try {
      proving.behind.outcome = aSync({ status: 'completed' })
      const other = aBrowser(proving)
      const { dexcom, state, cookie } = await other.begin()
      expect(dexcom.searchParams.get('code_challenge_method')).to.equal('S256')
      expectPage(await other.callback({ code: CODE, state }, cookie), 200, 'Connected')
      const { input } = proving.behind.enqueued[0] ?? expect.fail()
      expect(input).to.include({ sealedVerifier: 'sealed oauth_verifier of alice' })
      const verifier = proving.behind.sealed.get('oauth_verifier') ?? ''
      expect(verifier)
        .to.match(/^[\w-]{43}$/)
        .and.not.equal(cookie.split('=')[1])
      expect(createHash('sha256').update(verifier).digest('base64url')).to.equal(
        dexcom.searchParams.get('code_challenge'),
      )
      expect([...proving.behind.tickets.values()].join()).not.to.include(verifier)
      expect(proving.behind.log.join('')).not.to.include(verifier)
    } finally {
      await proving.close()
    }
  })

  it('leads on where that was asked for, only once connected', async () => {
    const returnTo = 'https://app.example.com/done?step=2#end'
    const { state, cookie } = await browser.begin({ returnTo })
    const answer = await browser.callback({ code: CODE, state }, cookie)
    expect([answer.status, answer.headers.location]).to.deep.equal([
      302,
      'https://app.example.com/done?step=2&connected=true#end',
    ])
    expect(answer.headers['cache-control']).to.equal('no-store')

    api.behind.outcome = aSync({ status: 'failed' })
    const failed = await browser.begin({ returnTo })
    expectPage(await browser.callback({ code: CODE, state: failed.state }, failed.cookie), 502, 'Not connected')
  })

  it('says how it stands while the worker is not done', async () => {
    for (const outcome of [null, aSync({ status: 'active' })]) {
      api.behind.outcome = outcome
      const { state, cookie } = await browser.begin()
      expectPage(await browser.callback({ code: CODE, state }, cookie), 200, 'Almost there')
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
      const { state, cookie } = await browser.begin()
      const answer = await browser.callback({ code: CODE, state }, cookie)
      expectPage(answer, status, title)
      expect(answer.text).not.to.include(SCRIPT)
    }
  })

  it('works once: a replay finds no state', async () => {
    const { state, cookie } = await browser.begin()
    await browser.callback({ code: CODE, state }, cookie)
    expectPage(await browser.callback({ code: CODE, state }, cookie), 400, EXPIRED)
    expect(api.behind.enqueued).to.have.length(1)
  })

  it('spends the state where the person said no', async () => {
    const { state, cookie } = await browser.begin()
    expectPage(await browser.callback({ error: 'access_denied', state }, cookie), 400, 'Not connected')
    expectPage(await browser.callback({ code: CODE, state }, cookie), 400, EXPIRED)
    expect(api.behind.enqueued).to.deep.equal([])
  })

  it('refuses a state that began in another browser, without and with a cookie of its own', async () => {
    const victim = await browser.begin()
    expectPage(await browser.callback({ code: CODE, state: victim.state }), 400, FOREIGN)

    const [attacker, mine] = [await browser.begin(), await browser.begin()]
    expectPage(await browser.callback({ code: CODE, state: attacker.state }, mine.cookie), 400, FOREIGN)
    const renamed = `${attacker.cookie.split('=')[0]}=${mine.cookie.split('=')[1]}`
    const again = await browser.begin()
    expectPage(await browser.callback({ code: CODE, state: again.state }, renamed), 400, FOREIGN)
    expect(api.behind.enqueued).to.deep.equal([])
  })

  it('lets two tabs finish in any order', async () => {
    const [first, second] = [await browser.begin(), await browser.begin()]
    const cookies = `${first.cookie}; ${second.cookie}`
    expectPage(await browser.callback({ code: CODE, state: second.state }, cookies), 200, 'Connected')
    expectPage(await browser.callback({ code: CODE, state: first.state }, cookies), 200, 'Connected')
  })

  it('refuses what is no state or no code, and enqueues nothing', async () => {
    const states = ['', 'x', SCRIPT, 'a'.repeat(43), '../../x', '*', 'a'.repeat(5000)]
    for (const state of states) expectPage(await browser.callback({ code: CODE, state }), 400, EXPIRED)
    expectPage(await browser.browse('/oauth/callback'), 400, EXPIRED)
    const twice = await browser.begin()
    expectPage(
      await browser.browse(`/oauth/callback?code=x&state=${twice.state}&state=${twice.state}`, twice.cookie),
      400,
      EXPIRED,
    )
    for (const code of ['', 'c'.repeat(2049)]) {
      const { state, cookie } = await browser.begin()
      expectPage(await browser.callback({ code, state }, cookie), 400, 'Not connected')
    }
    expect(api.behind.enqueued).to.deep.equal([])
  })

  it('echoes nothing of the query, in the page or in a header', async () => {
    const { state, cookie } = await browser.begin()
    const queries = [
      { state: SCRIPT, code: SCRIPT, error: SCRIPT },
      { error: SCRIPT, error_description: SCRIPT, state },
      { [SCRIPT]: SCRIPT },
    ]
    for (const query of queries) {
      const { text, headers } = await browser.callback(query as Record<string, string>, cookie)
      expect(text).not.to.include('alert').and.not.include(state)
      expect(JSON.stringify(headers)).not.to.include('alert')
    }
  })

  it('says that nothing was changed while Redis is away, in the address and in the callback', async () => {
    const { state, cookie } = await browser.begin()
    api.behind.queueFault = new AppError('service_unavailable', SCRIPT)
    for (const answer of [
      await browser.callback({ code: CODE, state }, cookie),
      await browser.browse(`/oauth/start/${'a'.repeat(43)}`),
    ]) {
      expectPage(answer, 503, 'Please try again in a minute')
      expect(answer.headers['retry-after']).to.equal('30')
      expect(answer.text).not.to.include(SCRIPT)
    }
  })

  it('shows a fault of ours as a page without its words', async () => {
    const { state, cookie } = await browser.begin()
    api.behind.queueFault = new Error(`${SCRIPT} ${CODE}`)
    const answer = await browser.callback({ code: CODE, state }, cookie)
    expectPage(answer, 502, 'Not connected')
    expect(answer.text).not.to.include('script').and.not.include(CODE)
    expect(api.behind.log.join('')).not.to.include(CODE)
  })
})
