import { expect } from 'chai'
import { type Tokens, type Visitor, visitSimulator } from '../support/simulator-visitor.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000

describe('dexcom simulator: the limit of calls', () => {
  const time = { ms: 1_000_000 }
  let at: Visitor
  let ada: Tokens
  beforeEach(async () => {
    at = await visitSimulator({ monotonicMs: () => time.ms })
    ada = await at.connect('ada')
  })
  afterEach(() => at.simulator.stop())
  const call = () => at.get('devices', ada.access_token)
  const limit = async (options: object) => expect((await at.sim('POST', 'limits', options)).status).to.equal(200)
  const statuses = async (count: number) => {
    const seen: number[] = []
    for (let i = 0; i < count; i++) seen.push((await call()).status)
    return seen
  }

  it('is 60,000 an hour where nothing else is said', async () => {
    await limit({})
    expect((await at.sim('GET', 'limits')).body.limits).to.include({
      calls: 60_000,
      windowMs: 3_600_000,
      mode: 'fixed',
    })
  })

  it('lets a fixed window begin anew, so that two of them touch', async () => {
    time.ms = 1_004_000
    await limit({ calls: 3, windowMs: 5000 })
    expect(await statuses(4)).to.deep.equal([200, 200, 200, 429])
    time.ms = 1_005_000
    expect(await statuses(4)).to.deep.equal([200, 200, 200, 429])
  })

  it('slides, so that no span has more', async () => {
    await limit({ calls: 3, windowMs: 5000, mode: 'sliding' })
    expect(await statuses(2)).to.deep.equal([200, 200])
    time.ms += 4000
    expect(await statuses(2)).to.deep.equal([200, 429])
    time.ms += 1000
    expect(await statuses(3)).to.deep.equal([200, 200, 429])
  })

  it('counts tokens by switch, tells its counts, and is lifted', async () => {
    await limit({ calls: 2, windowMs: 5000, countsTokenCalls: false })
    const next = (await (await at.refresh(ada.refresh_token)).json()) as Tokens
    await statuses(3)
    expect((await at.sim('GET', 'limits')).body.applications).to.deep.equal([
      { clientId: 'simulator-client', used: 2, refused: 1, left: 0 },
    ])
    expect((await at.refresh(next.refresh_token)).status).to.equal(200)
    await limit({ calls: 1, windowMs: 5000 })
    await statuses(1)
    expect((await at.refresh('any')).status).to.equal(429)
    await at.sim('DELETE', 'limits')
    expect((await call()).status).to.equal(200)
  })

  it('refuses in four shapes, with three bodies', async () => {
    const refused = async (options: object) => {
      await limit({ calls: 1, windowMs: 10_000, mode: 'sliding', ...options })
      await call()
      time.ms += 2500
      const response = await call()
      return [response.status, response.headers.get('retry-after'), await response.text()] as const
    }
    expect(await refused({})).to.deep.equal([429, null, ''])
    expect(await refused({ retryAfter: 'seconds', body: 'json' })).to.deep.equal([
      429,
      '8',
      '{"message":"API rate limit exceeded"}',
    ])
    const [, date, html] = await refused({ retryAfter: 'date', body: 'html' })
    expect(Date.parse(date ?? '') - Date.now()).to.be.within(6000, 8500)
    expect(html).to.include('<html>')
    expect((await refused({ retryAfter: 'absurd', absurdRetryAfter: '-1' }))[1]).to.equal('-1')
  })
})

describe('dexcom simulator: outages and frozen data', () => {
  let at: Visitor
  let ada: Tokens
  beforeEach(async () => {
    at = await visitSimulator()
    ada = await at.connect('bob')
  })
  afterEach(() => at.simulator.stop())
  const call = () => at.get('devices', ada.access_token)

  it('fails a whole region until it is ended', async () => {
    await at.sim('POST', 'outage', { status: 502, retryAfter: 3 })
    const failed = await call()
    expect([failed.status, failed.headers.get('retry-after')]).to.deep.equal([502, '3'])
    expect((await at.login({ __user: 'ada' })).status).to.equal(502)
    await at.sim('POST', 'outage', { mode: 'reset' })
    expect(await call().then(String, () => 'reset')).to.equal('reset')
    await at.sim('DELETE', 'outage')
    expect((await call()).status).to.equal(200)
  })

  it('closes its port for so long, and refuses connections meanwhile', async () => {
    expect((await at.sim('POST', 'outage', { mode: 'refuse' })).status).to.equal(400)
    expect((await at.sim('POST', 'outage', { mode: 'refuse', forMs: 400 })).status).to.equal(200)
    const refusal = () => call().then(String, (err) => String(err.cause?.code))
    await until('connections are refused', async () => (await refusal()) === 'ECONNREFUSED')
    await until('the port is open again', () =>
      call().then(
        ({ status }) => status === 200,
        () => false,
      ),
    )
  })

  it('shows nothing new while frozen, then all of it', async () => {
    const { clock } = at.simulator
    const newest = async () => {
      const { readings } = (await at.sim('GET', 'truth?user=bob')).body as { readings: { systemTime: string }[] }
      const { records } = await at.page('egvs', ada.access_token, clock.now() - 86_400_000, clock.now())
      expect((records[0] as { systemTime: string }).systemTime.slice(0, 19)).to.equal(
        readings.at(-1)?.systemTime.slice(0, 19),
      )
      return Date.parse(readings.at(-1)?.systemTime ?? '')
    }
    const before = await newest()
    await at.sim('POST', 'freeze', { forMs: 6 * HOUR_MS })
    clock.advance(5 * HOUR_MS)
    expect(await newest()).to.equal(before)
    clock.advance(HOUR_MS)
    expect(await newest()).to.be.within(before + 5.8 * HOUR_MS, before + 6.2 * HOUR_MS)
    expect((await at.sim('GET', 'freeze')).body).to.deep.equal({ frozenSince: null })
  })
})
