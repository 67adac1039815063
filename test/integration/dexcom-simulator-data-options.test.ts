import { DataRange } from '@bg-ingest/dexcom-contract'
import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { START_MS, type Visitor, visitSimulator } from '../support/simulator-visitor.ts'

const HOUR_MS = 3_600_000
const DAY = { fromMs: START_MS - DAY_MS, toMs: START_MS }

describe('dexcom simulator: options of an account', () => {
  let at: Visitor
  before(async () => {
    at = await visitSimulator()
  })
  after(() => at.simulator.stop())

  /** Adds somebody through the side door and connects them. */
  async function join(user: Readonly<Record<string, unknown>>): Promise<string> {
    const { status, body } = await at.sim('POST', 'users', {
      kind: 'generated',
      profile: 'quiet',
      historyDays: 2,
      ...user,
    })
    expect(status, JSON.stringify(body)).to.equal(201)
    return (await at.connect(String(user.name))).access_token
  }
  const records = async (kind: string, token: string, { fromMs, toMs } = DAY) =>
    (await at.page(kind, token, fromMs, toMs)).records as readonly Readonly<Record<string, unknown>>[]

  it('are checked at the side door', async () => {
    const bad = { name: 'bad', kind: 'generated', profile: 'quiet', order: 'upwards' }
    const { status, body } = await at.sim('POST', 'users', bad)
    expect(status).to.equal(400)
    expect(body.error).to.include('order')
  })

  it('/alerts is a list like the others', async () => {
    const token = await join({ name: 'alerted', profile: 'lively' })
    const page = await at.page('alerts', token, DAY.fromMs, DAY.toMs)
    expect(page).to.include({ recordType: 'alert', recordVersion: '3.0' })
    expect(page.records.length).to.be.greaterThan(2)
    expect((await at.get('alerts?startDate=2026-11-01', token)).status).to.equal(400)
  })

  for (const [refusalBody, type, start] of [
    ['text', 'text/plain', 'more than 30 days'],
    ['empty', null, ''],
    ['json', 'application/json', '{"fault"'],
    ['html', 'text/html', '<html>'],
  ] as const) {
    it(`a refused window has a body of ${refusalBody}`, async () => {
      const token = await join({ name: `refused-${refusalBody}`, refusalBody })
      const response = await at.get('egvs?startDate=2026-01-01T00:00:00&endDate=2026-03-01T00:00:00', token)
      expect(response.status).to.equal(400)
      expect(response.headers.get('content-type')?.split(';')[0] ?? null).to.equal(type)
      expect((await response.text()).startsWith(start)).to.equal(true)
    })
  }

  it('record ids last, or change with the consent, or with the answer; truth tells those of the first consent', async () => {
    const idsOf = async (token: string) => (await records('egvs', token)).map(({ recordId }) => recordId)
    for (const recordIds of ['stable', 'per-grant', 'per-call'] as const) {
      const name = `ids-${recordIds}`
      const token = await join({ name, recordIds })
      const [first, again] = [await idsOf(token), await idsOf(token)]
      const relinked = await idsOf((await at.connect(name)).access_token)
      expect(first.length).to.be.greaterThan(200)
      const isSame = (ids: readonly unknown[]) => JSON.stringify(ids) === JSON.stringify(first)
      expect([isSame(again), isSame(relinked)]).to.deep.equal([recordIds !== 'per-call', recordIds === 'stable'])
      const { readings } = (await at.sim('GET', `truth?user=${name}&types=cgm&from=2026-11-19T12:00:00Z`)).body
      const isTrue =
        JSON.stringify(readings.map((r: { recordId: string }) => r.recordId).reverse()) === JSON.stringify(first)
      expect(isTrue).to.equal(recordIds !== 'per-call')
    }
  })

  it('lastSyncTime goes without a zone where that is allowed', async () => {
    const token = await join({ name: 'zoneless', lastSync: { zone: 'optional' } })
    const response = await at.get('dataRange?lastSyncTime=2026-11-20T10:00:00', token)
    const { egvs } = DataRange.parse(await response.json())
    expect(Date.parse(egvs?.start.systemTime ?? '')).to.be.within(START_MS - 2 * HOUR_MS - 60_000, START_MS)
    expect((await at.get('dataRange?lastSyncTime=soon', token)).status).to.equal(400)
  })

  it('quirks are switched on and off while it runs; truth stays', async () => {
    const token = await join({ name: 'quirky' })
    const truth = async () => (await at.sim('GET', 'truth?user=quirky')).body
    const [before, calm] = [await records('egvs', token), await truth()]
    const quirks = { unknownTrend: 'always', badRecord: 1 }
    expect((await at.sim('POST', 'quirks', { user: 'quirky', quirks })).status).to.equal(204)
    const during = await records('egvs', token)
    expect(during.every(({ trend }) => trend === 'sideways')).to.equal(true)
    expect(during.length).to.be.greaterThan(before.length)
    expect(await truth()).to.deep.equal(calm)
    expect((await at.sim('POST', 'quirks', { user: 'quirky', quirks: { nonsense: 1 } })).status).to.equal(400)
    expect((await at.sim('POST', 'quirks', { user: 'nobody', quirks: {} })).status).to.equal(404)
    expect((await at.sim('POST', 'quirks', { user: 'quirky', quirks: {} })).status).to.equal(204)
    expect(await records('egvs', token)).to.deep.equal(before)
  })

  it('other options change while it runs, too', async () => {
    const token = await join({ name: 'changing' })
    const before = await records('egvs', token)
    const options = { order: 'oldest-first', held: [{ fromMs: START_MS - 4 * HOUR_MS, toMs: START_MS, value: 111 }] }
    expect((await at.sim('POST', 'options', { user: 'changing', options })).status).to.equal(204)
    const after = await records('egvs', token)
    expect(after.map(({ recordId }) => recordId)).to.deep.equal(before.map(({ recordId }) => recordId).reverse())
    expect(after.at(-1)).to.include({ value: 111, trend: 'flat' })
  })

  it('truth of one type, deleted and ahead apart', async () => {
    const stick = { systemTimeMs: START_MS - 3 * HOUR_MS, eventType: 'bloodGlucose', value: '110', unit: 'mg/dL' }
    const changes = [{ fromMs: START_MS - HOUR_MS, deleted: true }]
    const clock = { errors: [{ fromMs: START_MS - 2 * HOUR_MS, toMs: START_MS, aheadMs: DAY_MS }] }
    await join({ name: 'told', events: [stick, { ...stick, systemTimeMs: stick.systemTimeMs - 1000, changes }], clock })
    const { body } = await at.sim(
      'GET',
      'truth?user=told&types=manual&from=2026-11-20T08:00:00Z&to=2026-11-20T10:00:00Z',
    )
    expect(body.readings).to.have.lengthOf(1)
    expect(body.deleted).to.have.lengthOf(1)
    const all = (await at.sim('GET', 'truth?user=told')).body
    expect(all.ahead.length).to.be.within(11, 13)
    expect((await at.sim('GET', 'truth?user=told&types=insulin')).status).to.equal(400)
  })

  it('a page of 30 days with twins, a drifting clock and every quirk stays quick', async () => {
    const share = Object.fromEntries(QUIRKS.map((quirk) => [quirk, 0.1]))
    const busy = {
      profile: 'lively',
      historyDays: 40,
      quirks: share,
      twin: { device: 'watch' },
      clock: { driftSecondsPerDay: 2 },
    }
    const token = await join({ name: 'busy', ...busy })
    const startedMs = performance.now()
    const page = await records('egvs', token, { fromMs: START_MS - 30 * DAY_MS, toMs: START_MS })
    expect(page.length).to.be.greaterThan(16_000)
    // 0.6 s alone on this kind of machine; the bound leaves room for a busy one.
    expect(performance.now() - startedMs).to.be.lessThan(5000)
  })
})

const QUIRKS = [
  'dropSeconds',
  'offsetSeconds',
  'fraction',
  'nullValue',
  'unknownTrend',
  'extraFields',
  'badRecord',
  'bigTicks',
]
