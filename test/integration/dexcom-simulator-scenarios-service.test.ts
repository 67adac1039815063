import { expect } from 'chai'
import { openStage, type Stage, simulatorIn } from '../support/scenario-stage.ts'
import { errorOf } from '../support/simulator-visitor.ts'
import { until } from '../support/until.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Each scenario about tokens, limits, pushes and load shows on the wire what it says. */
describe('dexcom simulator: scenarios of service', () => {
  let stage: Stage
  afterEach(() => stage.stop())
  const open = async (...args: Parameters<typeof openStage>) => {
    stage = await openStage(...args)
    return stage
  }
  /** Milliseconds until an answer, or null where none comes in time. */
  const tookWithin = async (ms: number, send: (signal: AbortSignal) => Promise<Response>): Promise<number | null> => {
    const startedMs = performance.now()
    const answered = await send(AbortSignal.timeout(ms)).then(
      (response) => response.text(),
      () => null,
    )
    return answered === null ? null : performance.now() - startedMs
  }
  const egvs = (token: string) => (signal: AbortSignal) =>
    fetch(`${stage.simulator.baseUrl}/v3/users/self/egvs?startDate=2026-11-20T00:00:00&endDate=2026-11-20T01:00:00`, {
      headers: { authorization: `Bearer ${token}` },
      signal,
    })

  it('S07 expired-token-herd: eight callers are refused, one refresh is good, a second ends the session', async () => {
    const { at, goReal } = await open('expired-token-herd')
    const { access_token: token, refresh_token: refreshToken } = await at.connect('hana')
    goReal(32)
    const herd = await Promise.all(Array.from({ length: 8 }, () => at.get('devices', token)))
    expect(herd.map(({ status }) => status)).to.deep.equal(Array(8).fill(401))
    const startedMs = performance.now()
    const statuses = (await Promise.all([at.refresh(refreshToken), at.refresh(refreshToken)])).map(
      ({ status }) => status,
    )
    expect(statuses.toSorted()).to.deep.equal([200, 400])
    expect(performance.now() - startedMs).to.be.at.least(1990)
    expect(stage.simulator.mannersViolations().map(({ rule }) => rule)).to.include('concurrentRefreshes')
  })

  it('S08 kill-around-token: a slow answer, a lost one, and tokens that expire', async () => {
    const { at, goReal } = await open('kill-around-token')
    const [kim, kai, kay] = [await at.connect('kim'), await at.connect('kai'), await at.connect('kay')]
    goReal(32)
    for (const { access_token } of [kim, kai, kay]) expect((await at.get('devices', access_token)).status).to.equal(401)
    const form = { grant_type: 'refresh_token', refresh_token: kim.refresh_token, client_id: 'simulator-client' }
    const slow = await tookWithin(200, (signal) =>
      fetch(`${stage.simulator.baseUrl}/v3/oauth2/token`, { method: 'POST', body: new URLSearchParams(form), signal }),
    )
    expect(slow).to.equal(null)
    expect(await at.refresh(kai.refresh_token).then(String, () => 'lost')).to.equal('lost')
    expect((await at.refresh(kai.refresh_token)).status).to.equal(400)
    expect((await at.refresh(kay.refresh_token)).status).to.equal(200)
  })

  it('S09 token-refusals: one refusal for each person', async () => {
    const { at, goReal } = await open('token-refusals')
    const refreshTokens = new Map<string, string>()
    for (const { name } of stage.scenario.users) refreshTokens.set(name, (await at.connect(name)).refresh_token)
    goReal(32)
    const refresh = (name: string) => at.refresh(refreshTokens.get(name) ?? '')
    expect(await errorOf(await refresh('bob'))).to.deep.equal([400, '{"error":"invalid_grant"}'])
    expect(await (await refresh('dora')).text()).to.include('client_secret=')
    const emil = await refresh('emil')
    expect([emil.status, emil.headers.get('content-type')]).to.deep.equal([502, 'text/html'])
    expect(await errorOf(await refresh('finn'))).to.deep.equal([200, ''])
    const ada = (await (await refresh('ada')).json()) as { access_token: string }
    for (const status of [401, 401, 200])
      expect((await egvs(ada.access_token)(AbortSignal.timeout(5000))).status).to.equal(status)
    goReal(122)
    expect(await errorOf(await refresh('cleo'))).to.deep.equal([401, '{"error":"invalid_client"}'])
  })

  it('S10 too-many-requests: the 51st call is refused, in four shapes', async () => {
    const { at, goReal } = await open('too-many-requests')
    const { access_token: token } = await at.connect('person-01')
    const refusals: (string | null)[] = []
    for (const seconds of [31, 91, 151, 211]) {
      goReal(seconds)
      const statuses = await Promise.all(
        Array.from({ length: 50 }, async () => (await at.get('devices', token)).status),
      )
      expect(new Set(statuses)).to.deep.equal(new Set([200]))
      const refused = await at.get('devices', token)
      expect(refused.status).to.equal(429)
      refusals.push(refused.headers.get('retry-after'))
    }
    expect([refusals[0], refusals[1], refusals[3]]).to.deep.equal([null, '5', '1e9'])
    expect(Date.parse(refusals[2] ?? '')).to.be.greaterThan(Date.now())
    goReal(271)
    expect((await at.get('devices', token)).status).to.equal(200)
  })

  it('S11 wrong-region: an account and its tokens belong to one region', async () => {
    const { at } = await open('wrong-region')
    expect((await at.login({ __user: 'elena' })).status).to.equal(400)
    const eu = simulatorIn(stage.simulator, 'eu', 'simulator-client-eu', 'simulator-secret-eu')
    const { access_token: token } = await eu.connect('elena')
    expect((await eu.get('devices', token)).status).to.equal(200)
    expect((await at.get('devices', token)).status).to.equal(401)
  })

  it('S12 webhook-silence: pushes come, fall silent for three days, and are back', async () => {
    const { at, go, receiver } = await open('webhook-silence', { pushes: true })
    await at.connect('wim')
    go(50 * MINUTE_MS)
    await until('a push came', () => receiver.received.length > 0)
    go(HOUR_MS)
    await at.sim('POST', 'push/look')
    receiver.received.length = 0
    for (const hours of [2, 26, 50, 72]) {
      go(hours * HOUR_MS)
      await at.sim('POST', 'push/look')
    }
    expect(receiver.received).to.deep.equal([])
    go(73 * HOUR_MS)
    go(74 * HOUR_MS)
    await until('pushes are back', () => receiver.received.length > 0)
  })

  it('S13 webhook-flood: a hundred deliveries twice, then forged and oversized ones, then good ones', async () => {
    const { at, goReal, receiver } = await open('webhook-flood', { pushes: true })
    await at.connect('wanda')
    const pushed = async (seconds: number, count: number) => {
      receiver.received.length = 0
      goReal(seconds)
      await until(`${count} deliveries`, () => receiver.received.length >= count)
      return receiver.received.slice()
    }
    const flood = await pushed(22, 200)
    expect(flood).to.have.lengthOf(200)
    await pushed(42, 1)
    const tokens: unknown[] = []
    for (const seconds of [52, 62]) {
      const [delivery] = await pushed(seconds, 2)
      tokens.push(JSON.parse(Buffer.from(delivery?.headers.authorization?.split('.')[1] ?? '', 'base64url').toString()))
    }
    const [foreign, expired] = tokens as { aud: string; exp: number }[]
    expect(foreign?.aud).to.equal('somebody-else')
    expect(expired?.exp).to.be.below(Date.now() / 1000)
    for (const seconds of [72, 82]) await pushed(seconds, 2)
    const { body } = await at.sim('GET', 'truth?user=wanda')
    expect(JSON.parse((await pushed(92, 2))[0]?.body ?? '').userId).to.not.equal(body.dexcomUserId)
    expect((await pushed(102, 2))[0]?.body.length).to.be.greaterThan(262_144)
    expect(JSON.parse((await pushed(112, 1))[0]?.body ?? '').userId).to.equal(body.dexcomUserId)
  })

  it('S21 frozen-worker: answers take a second, then none', async () => {
    const { at, goReal } = await open('frozen-worker')
    const { access_token: token } = await at.connect('person-01')
    goReal(21)
    expect(await tookWithin(5000, egvs(token))).to.be.at.least(999)
    goReal(121)
    expect(await tookWithin(5000, egvs(token))).to.be.below(900)
  })

  for (const [name, people, start] of [
    ['redis-flushed', 20, 'S22'],
    ['broker-down', 20, 'S23'],
    ['hostile-reads', 50, 'S27'],
  ] as const) {
    it(`${start} ${name}: ${people} people whose readings keep coming, and what the harness does beside`, async () => {
      const { at, go, scenario, truth } = await open(name)
      expect(scenario.users).to.have.lengthOf(people)
      expect(scenario.orchestrate).to.be.a('string')
      const before = (await truth('person-01')).length
      go(40 * MINUTE_MS)
      expect((await truth('person-01')).length).to.be.within(before + 5, before + 9)
      expect((await at.get('devices', (await at.connect(`person-${people}`)).access_token)).status).to.equal(200)
    })
  }

  it('S24 hanging-people: twenty of a thousand get no answer, then everybody does', async () => {
    const { at, goReal, scenario } = await open('hanging-people')
    expect(scenario.users).to.have.lengthOf(1000)
    const [first, last, other] = await Promise.all(
      ['person-0001', 'person-0020', 'person-0021'].map(async (user) => (await at.connect(user)).access_token),
    )
    goReal(31)
    expect(await tookWithin(150, egvs(first ?? ''))).to.equal(null)
    expect(await tookWithin(150, egvs(last ?? ''))).to.equal(null)
    expect(await tookWithin(5000, egvs(other ?? ''))).to.be.a('number')
    goReal(331)
    expect(await tookWithin(5000, egvs(first ?? ''))).to.be.a('number')
  })

  it('S25 fleet-restart: 1200 people, a sliding limit, and slow answers', async () => {
    const { at, goReal, scenario } = await open('fleet-restart')
    expect(scenario.users).to.have.lengthOf(1200)
    const { access_token: token } = await at.connect('newcomer-200')
    goReal(1)
    const took = await tookWithin(10_000, egvs(token))
    expect(took).to.be.greaterThan(5)
    const { limits, applications } = (await at.sim('GET', 'limits')).body
    expect(limits).to.include({ calls: 60_000, mode: 'sliding', retryAfter: 'seconds' })
    expect(applications[0].used).to.be.within(1, 2)
  })

  it('S26 erase-under-load: slow answers for one person, and a push that comes too late', async () => {
    const { at, goReal, receiver } = await open('erase-under-load', { pushes: true })
    const [erin, other] = [await at.connect('erin'), await at.connect('person-01')]
    goReal(21)
    expect(await tookWithin(200, egvs(erin.access_token))).to.equal(null)
    expect(await tookWithin(2000, egvs(other.access_token))).to.be.below(1900)
    goReal(32)
    await until('the push came', () => receiver.received.some(({ path }) => path === '/erin'))
  })
})
