import { expect } from 'chai'
import {
  errorOf,
  REDIRECT,
  START_MS,
  type Tokens,
  type Visitor,
  visitor,
  visitSimulator,
} from '../support/simulator-visitor.ts'

const HOUR_MS = 3_600_000

describe('dexcom simulator: regions and applications', () => {
  let at: Visitor
  before(async () => {
    at = await visitSimulator({
      applications: [{ clientId: 'second', clientSecret: 'second-secret' }],
      regions: [
        {
          name: 'eu',
          applications: [{ clientId: 'eu-client', clientSecret: 'eu-secret' }],
          users: [{ name: 'elena', kind: 'generated', profile: 'quiet', historyDays: 2 }],
        },
      ],
    })
  })
  after(() => at.simulator.stop())

  const inEu = () => {
    const { baseUrl = '' } = at.simulator.regions.get('eu') ?? {}
    return visitor({ baseUrl, clientId: 'eu-client', clientSecret: 'eu-secret' })
  }
  const second = () => visitor({ baseUrl: at.simulator.baseUrl, clientId: 'second', clientSecret: 'second-secret' })
  const userIdOf = async (from: ReturnType<typeof visitor>, user: string) => {
    const { access_token } = await from.connect(user)
    return ((await (await from.get('devices', access_token)).json()) as { userId: string }).userId
  }

  it('know their own accounts, credentials and tokens alone', async () => {
    const elena = await inEu().connect('elena')
    expect((await inEu().get('devices', elena.access_token)).status).to.equal(200)
    expect((await at.get('devices', elena.access_token)).status).to.equal(401)
    expect(await errorOf(await at.refresh(elena.refresh_token))).to.deep.equal([400, '{"error":"invalid_grant"}'])
    expect((await at.login({ __user: 'elena' })).status).to.equal(400)
    expect((await inEu().login({ __user: 'ada' })).status).to.equal(400)
    const stranger = await at.post({ grant_type: 'refresh_token', refresh_token: 'x', client_id: 'eu-client' })
    expect(stranger.status).to.equal(401)
  })

  it('hold back for an hour here and for three there', async () => {
    const newest = async (from: ReturnType<typeof visitor>, user: string) => {
      const { access_token } = await from.connect(user)
      const { records } = await from.page('egvs', access_token, START_MS - 86_400_000, START_MS)
      return START_MS - Date.parse((records[0] as { systemTime: string }).systemTime)
    }
    expect(await newest(at, 'bob')).to.be.within(HOUR_MS, HOUR_MS + 700_000)
    expect(await newest(inEu(), 'elena')).to.be.within(3 * HOUR_MS, 3 * HOUR_MS + 700_000)
  })

  it('give each application ids, codes and tokens of its own', async () => {
    expect(await userIdOf(at, 'bob')).to.not.equal(await userIdOf(second(), 'bob'))
    const code = await second().code('bob')
    const stolen = await at.post({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT })
    expect(stolen.status).to.equal(400)
    const { refresh_token } = await second().connect('bob')
    expect((await at.refresh(refresh_token)).status).to.equal(400)
    expect((await second().refresh(refresh_token)).status).to.equal(200)
  })

  it('write region and application into one journal', async () => {
    await inEu().connect('elena')
    await second().connect('bob')
    const { entries } = (await at.sim('GET', 'journal?endpoint=token')).body as { entries: Record<string, unknown>[] }
    const brief = entries.slice(-2).map(({ region, clientId, user }) => [region, clientId, user])
    expect(brief).to.deep.equal([
      ['eu', 'eu-client', 'elena'],
      ['us', 'second', 'bob'],
    ])
  })
})

describe('dexcom simulator: consents, tokens and secrets', () => {
  const time = { ms: 0 }
  let at: Visitor
  let ada: Tokens
  const start = async (options: Parameters<typeof visitSimulator>[0] = {}) => {
    at = await visitSimulator({ monotonicMs: () => time.ms, ...options })
    ada = await at.connect('ada')
  }
  afterEach(() => at.simulator.stop())

  it('a changed password, and the end of everything, end all sessions and codes', async () => {
    await start()
    const code = await at.code('ada')
    expect((await at.sim('POST', 'change-password', { user: 'ada' })).body).to.deep.equal({ sessions: 1 })
    expect((await at.get('devices', ada.access_token)).status).to.equal(401)
    expect((await at.refresh(ada.refresh_token)).status).to.equal(400)
    expect((await at.post({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT })).status).to.equal(400)
    const [again, bob] = [await at.connect('ada'), await at.connect('bob')]
    expect((await at.sim('POST', 'expire-all')).body).to.deep.equal({ sessions: 2 })
    for (const { access_token, refresh_token } of [again, bob]) {
      expect((await at.get('devices', access_token)).status).to.equal(401)
      expect((await at.refresh(refresh_token)).status).to.equal(400)
    }
  })

  it('a rotated secret is good and the old one is not, at once', async () => {
    await start()
    const { secret } = (await at.sim('POST', 'rotate-secret', {})).body as { secret: string }
    expect(await errorOf(await at.refresh(ada.refresh_token))).to.deep.equal([401, '{"error":"invalid_client"}'])
    const refresh = { grant_type: 'refresh_token', refresh_token: ada.refresh_token, client_secret: secret }
    expect((await at.post(refresh)).status).to.equal(200)
    expect(at.simulator.clientSecret).to.equal(secret)
    expect((await at.sim('POST', 'rotate-secret', { clientId: 'nobody' })).status).to.equal(404)
  })

  it('a spent token works within the window of grace, then no more, and costs no session', async () => {
    await start({ refreshReuse: 'grace-window', graceSeconds: 10 })
    expect((await at.refresh(ada.refresh_token)).status).to.equal(200)
    time.ms += 10_000
    const late = (await (await at.refresh(ada.refresh_token)).json()) as Tokens
    time.ms += 1
    expect((await at.refresh(ada.refresh_token)).status).to.equal(400)
    expect((await at.get('devices', late.access_token)).status).to.equal(200)
  })

  it('introspection names the person of a living token, to the application alone', async () => {
    await start()
    const ask = async (credentials: string, token: string, version = 'v3') => {
      const response = await fetch(`${at.simulator.baseUrl}/${version}/introspect`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
        body: new URLSearchParams({ token }),
      })
      return [response.status, response.status === 200 ? await response.json() : null] as const
    }
    const { userId } = (await (await at.get('devices', ada.access_token)).json()) as { userId: string }
    const good = 'simulator-client:simulator-secret'
    for (const version of ['v2', 'v3']) {
      expect((await ask(good, ada.access_token, version))[1]).to.include({ active: true, sub: userId })
    }
    expect(await ask('simulator-client:wrong', ada.access_token)).to.deep.equal([401, null])
    await at.sim('POST', 'revoke', { user: 'ada' })
    expect(await ask(good, ada.access_token)).to.deep.equal([200, { active: false }])
  })

  it('the callback carries iss where it is asked for', async () => {
    await start({ callbackIssuer: true })
    const issuerOf = async () =>
      new URL((await at.login({ __user: 'ada' })).headers.get('location') ?? '').searchParams.get('iss')
    expect(await issuerOf()).to.equal(at.simulator.baseUrl)
    await at.simulator.stop()
    await start({ callbackIssuer: 'https://elsewhere.example' })
    expect(await issuerOf()).to.equal('https://elsewhere.example')
  })

  it('streaming is unknown until it is set', async () => {
    await start()
    const ask = (init: RequestInit = {}) =>
      fetch(`${at.simulator.baseUrl}/v3/users/self/streaming/state`, {
        ...init,
        headers: { authorization: `Bearer ${ada.access_token}` },
      })
    expect((await ask()).status).to.equal(404)
    expect((await ask({ method: 'PUT', body: '{"active":"yes"}' })).status).to.equal(400)
    const set = (await (await ask({ method: 'PUT', body: '{"active":true}' })).json()) as Record<string, unknown>
    expect(set).to.include({ active: true, createdAt: set.updatedAt })
    expect(await (await ask()).json()).to.deep.equal(set)
    ada = { ...ada, access_token: 'unknown' }
    expect((await ask()).status).to.equal(401)
  })
})
