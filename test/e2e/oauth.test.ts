import { expect } from 'chai'
import { type Attempt, beginConnecting, onApi } from '../support/e2e-browser.ts'
import { type Answer, call, type PersonClient } from '../support/e2e-client.ts'
import { type Listener, listen } from '../support/e2e-events.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'

const RETURN_TO = 'https://app.example.com/done?tab=2'

describe("The person's browser on its way to Dexcom and back", function () {
  this.timeout(40_000)
  const system = useSystem({
    name: 'oauth',
    workers: 1,
    // The simulator takes no code without the verifier of its challenge.
    variables: { RETURN_TO_ORIGINS: 'https://app.example.com', DEXCOM_PKCE: 'true' },
    simulator: {
      users: ['own', 'other'].map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: 1 })),
    },
  })
  let listener: Listener
  let person: PersonClient
  let held: unknown
  const begin = (body?: unknown) => beginConnecting(person, system.apiUrl, body)
  /** What a failed attempt must leave alone; the poll's own times may move. */
  const standing = async () => {
    const { status, region, connectedAt, problem, history } = await person.connection()
    return { status, region, connectedAt, problem, history }
  }
  const exchanges = async () => (await system.sim('GET', 'journal?endpoint=token')).entries.length

  async function expectRefused(answer: Answer, status: number, title: RegExp): Promise<void> {
    expect(answer.status, answer.text).to.equal(status)
    expect(answer.headers.get('content-type')).to.match(/^text\/html/)
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    expect(answer.text).to.match(title)
    expect(await standing(), 'the old connection is as it was').to.deep.equal(held)
    const sync = await person.call('POST', '/sync', { headers: { prefer: 'wait=20' } })
    expect(sync.json.status, 'and works').to.equal('completed')
  }

  before(async () => {
    listener = await listen()
    person = await system.connect(aPerson('oauth'), 'own')
    await untilHistoryIs('complete', person)
  })
  beforeEach(async () => {
    held = await standing()
  })
  after(() => listener.close())

  it('begins at an address that works once, and binds the attempt to the browser', async () => {
    const { authorizationUrl } = (await person.call('POST', '/connection')).json
    const address = onApi(authorizationUrl, system.apiUrl)
    const first = await call(address, 'GET')
    expect(first.status).to.equal(302)
    expect(first.headers.get('location')).to.match(new RegExp(`^${system.simulator.baseUrl}/v3/oauth2/login\\?`))
    const cookie = first.headers.get('set-cookie') ?? ''
    for (const attribute of ['HttpOnly', 'SameSite=Lax', 'Path=/oauth']) expect(cookie).to.include(attribute)
    await expectRefused(await call(address, 'GET'), 400, /expired or was used/)
    await expectRefused(await call(`${system.apiUrl}/oauth/start/${'A'.repeat(43)}`, 'GET'), 400, /expired or was used/)
  })

  it('leaves the old connection alone where the person says no', async () => {
    const attempt = await begin()
    attempt.login.searchParams.set('__deny', '1')
    const back = (await call(attempt.login.href, 'GET')).headers.get('location') ?? ''
    expect(back).to.include('error=access_denied')
    await expectRefused(await attempt.comeBack(back), 400, /was not allowed/)
  })

  it('leaves the old connection alone where another browser comes back', async () => {
    const foreign = await begin()
    for (const cookie of ['', foreign.cookie, 'bg_oauth_x=1']) {
      const attempt = await begin()
      const spent = await exchanges()
      await expectRefused(await attempt.comeBack(await attempt.allowed('own'), cookie), 400, /same browser/)
      expect(await exchanges(), 'no code is spent').to.equal(spent)
    }
  })

  it('leaves the old connection alone where the state is made up, missing, or twice there', async () => {
    for (const query of [
      '?code=x',
      '?code=x&state=garbage',
      `?code=x&state=${'A'.repeat(43)}`,
      '?code=x&state=a&state=b',
    ])
      await expectRefused(await call(`${system.apiUrl}/oauth/callback${query}`, 'GET'), 400, /expired or was used/)
  })

  it('leaves the old connection alone where the code is none of Dexcom', async () => {
    const attempt = await begin()
    const answer = await attempt.comeBack(attempt.callback({ code: '<script>alert(1)</script>' }))
    expect(answer.text).to.not.include('alert(1)')
    await expectRefused(answer, 502, /did not accept/)
  })

  it('leaves the old connection alone where it is another Dexcom account', async () => {
    const attempt = await begin()
    await expectRefused(await attempt.comeBack(await attempt.allowed('other')), 409, /another Dexcom account/i)
  })

  it('takes a state once', async () => {
    const attempt: Attempt = await begin()
    const back = await attempt.allowed('own')
    expect((await attempt.comeBack(back)).status).to.equal(200)
    await untilHistoryIs('complete', person)
    held = await standing()
    const spent = await exchanges()
    await expectRefused(await attempt.comeBack(back), 400, /expired or was used/)
    expect(await exchanges()).to.equal(spent)
  })

  it('leads back to where the caller asked for', async () => {
    const attempt = await begin({ returnTo: RETURN_TO })
    const answer = await attempt.comeBack(await attempt.allowed('own'))
    expect(answer.status).to.equal(302)
    expect(answer.headers.get('location')).to.equal(`${RETURN_TO}&connected=true`)
    await untilHistoryIs('complete', person)
  })

  it('told the world of each connection once, and of no failed one', () => {
    const keys = listener.about(person.userId).map(({ routingKey }) => routingKey)
    expect(keys.filter((key) => key === 'connection.connected')).to.have.length(3)
    expect(keys.filter((key) => key.startsWith('connection.'))).to.have.length(3)
  })
})
