import { expect } from 'chai'
import { type Flows, MINUTE_MS, readingsBetween, useFlowsOverHttp } from '../support/flows-over-http.ts'
import { HOUR_MS } from '../support/world.ts'

const DAY_MS = 24 * HOUR_MS
const NOW_MS = Date.parse('2026-11-20T12:00:00Z')
const LIVELY = { kind: 'generated', profile: 'lively', historyDays: 0.25 } as const

describe('records as Dexcom may send them, through flow, store and wire', function () {
  this.timeout(30_000)
  const { connected } = useFlowsOverHttp()

  const told = ({ world }: Pick<Flows, 'world'>) => world.publisher.ofKind('readings.changed').length

  it('F8, trap 7: odd and broken records cost nothing but themselves, also where they begin in the middle of a run', async () => {
    const { sync, setQuirks, world, expectTruth } = await connected({ account: LIVELY })
    await sync()
    const quirks = { badRecord: 0.3, nullValue: 0.2, unknownTrend: 0.2, extraFields: 'always', bigTicks: 0.3 }
    await setQuirks({ ...quirks, nullTrend: 0.2, nullStatus: 0.2, missingTrendRate: 0.2, unknownGeneration: 0.3 })
    expect((await sync()).result.rejected).to.be.above(10)
    await expectTruth()
    await setQuirks({})
    expect((await sync()).result.rejected).to.equal(0)
    await expectTruth()
    expect(
      new Set([...(await world.stored()).values()].map(({ revision }) => revision)),
      'changed and back',
    ).to.include(3)
  })

  it('F9: records that stand twice in a page are stored once', async () => {
    const { sync, expectTruth } = await connected({ account: { ...LIVELY, repeats: 1 } })
    const { result } = await sync()
    expect(result.fetched).to.equal(result.stored + result.unchanged)
    expect(result.unchanged).to.equal(result.stored)
    await expectTruth()
  })

  it('F9: the same id with another value is one update, one revision on', async () => {
    const { world, sync, truth, setOptions, expectTruth } = await connected()
    await sync()
    const { systemTime } = (await truth()).readings[3] ?? { systemTime: '' }
    await setOptions({ edits: [{ systemTimeMs: Date.parse(systemTime), value: 222, fromMs: world.clock.now() - 1 }] })
    expect((await sync()).result).to.include({ stored: 0, updated: 1 })
    await expectTruth()
    const changed = [...(await world.stored()).values()].filter(({ revision }) => revision === 2)
    expect(changed.map(({ timestamp }) => timestamp)).to.deep.equal([systemTime])
  })

  it('F9, trap 9: the same readings under new ids in every answer, and after a new consent, are no news', async () => {
    const here = await connected({ account: { ...LIVELY, recordIds: 'per-call' } })
    await here.sync()
    const before = told(here)
    await here.setOptions({ recordIds: 'per-grant' })
    await here.sync()
    await here.at.sim('POST', 'revoke', { user: 'ada' })
    await here.connect()
    await here.history()
    expect((await here.sync()).result).to.include({ stored: 0, updated: 0 })
    expect(told(here)).to.equal(before)
    await here.expectTruth()
  })

  for (const secondsApart of [0, 9])
    it(`F9, trap 9: what phone and watch show ${secondsApart} s apart is one reading, whichever came first`, async () => {
      const twin = { device: 'watch', secondsApart, share: 0.8 } as const
      const { sync, expectTruth } = await connected({ account: { ...LIVELY, order: 'shuffled', twin } })
      const { result } = await sync()
      expect(result.unchanged).to.be.above(10)
      await expectTruth()
      expect((await sync()).result).to.include({ stored: 0, updated: 0 })
    })

  it('trap 9: two true readings four seconds apart, around a calibration, are two, and forty minutes of one value are eight', async () => {
    const pairs = [{ atMs: NOW_MS - 3 * HOUR_MS, first: 120, second: 131 }]
    const held = [{ fromMs: NOW_MS - 5 * HOUR_MS, toMs: NOW_MS - 5 * HOUR_MS + 40 * MINUTE_MS, value: 142 }]
    const { sync, expectTruth } = await connected({ account: { ...LIVELY, pairs, held } })
    await sync()
    const readings = await expectTruth()
    expect(readings.filter(({ type }) => type === 'calibration').length).to.be.at.least(1)
    expect(readings.filter(({ glucose }) => glucose === 142).length).to.be.at.least(8)
  })

  it('F10: newest first, oldest first and shuffled end the same, closed window or not', async () => {
    const ends: unknown[] = []
    for (const order of ['newest-first', 'oldest-first', 'shuffled'] as const) {
      const { sync, go, expectTruth, stop } = await connected({ account: { ...LIVELY, order, bounds: 'closed' } })
      await sync()
      go(HOUR_MS)
      await sync()
      ends.push(await expectTruth())
      await stop()
    }
    expect(ends[1]).to.deep.equal(ends[0])
    expect(ends[2]).to.deep.equal(ends[0])
  })

  it('F11, trap 8: three and 26 hours late is found by the poll, ten days late by the look back', async () => {
    const late = (fromHours: number, toHours: number, uploadTimeMs: number) =>
      readingsBetween(NOW_MS, fromHours, toHours, 20).map((reading) => ({ ...reading, uploadTimeMs }))
    const readings = [
      ...late(11 * 24, 10 * 24, NOW_MS + DAY_MS),
      ...readingsBetween(NOW_MS, 10 * 24, 9 * 24, 120),
      ...late(26, 24, NOW_MS + 30 * MINUTE_MS),
      ...readingsBetween(NOW_MS, 24, 6, 20),
      ...late(5, 3, NOW_MS + 10 * MINUTE_MS),
      ...readingsBetween(NOW_MS, 3, 1, 20),
    ]
    const { world, sync, go, history, reconcile, expectTruth } = await connected({
      account: { kind: 'replay', readings },
    })
    await history()
    await sync()
    const { newestAt } = await world.state()
    go(30 * MINUTE_MS)
    expect((await sync()).result.stored, 'behind the newest').to.equal(12)
    expect((await world.state()).newestAt, 'the newest is no other').to.equal(newestAt)
    go(DAY_MS)
    expect((await sync()).result.stored, 'out of reach of a poll').to.equal(0)
    await reconcile()
    await expectTruth()
    expect(told({ world })).to.be.above(2)
  })

  it('F12: what vanishes from later answers is kept, told as deleted to nobody, and counted', async () => {
    const { world, sync, go, setOptions, held, reconcile, history } = await connected({ account: LIVELY })
    await history()
    await sync()
    const before = await held()
    const now = world.clock.now()
    await reconcile()
    expect(world.counted.has('cgm vanished'), 'while all of it is shown').to.equal(false)
    go(DAY_MS)
    await setOptions({ gaps: [{ fromMs: now - 4 * HOUR_MS, toMs: now - 2 * HOUR_MS }] })
    await reconcile()
    expect(world.counted.get('cgm vanished')).to.be.within(22, 25)
    const after = await held()
    expect(after).to.include.deep.members(before)
    await setOptions({ gaps: [{ fromMs: 0, toMs: world.clock.now() }] })
    expect((await sync()).result).to.include({ stored: 0, updated: 0 })
    await reconcile()
    expect(await held()).to.deep.equal(after)
    const kinds = world.publisher.ofKind('readings.changed').flatMap(({ data }) => data.changes.map(({ kind }) => kind))
    expect(new Set(kinds)).to.deep.equal(new Set(['created']))
  })

  it('trap 12: 39 and 401 are kept with their bound, and a reading without a value is none', async () => {
    const values = [39, 40, 400, 401, null, 120]
    const readings = values.map((value, i) => ({ systemTimeMs: NOW_MS - (3 * 60 - i * 5) * MINUTE_MS, value }))
    const { world, sync, expectTruth } = await connected({ account: { kind: 'replay', readings } })
    expect((await sync()).result).to.include({ fetched: 6, stored: 5, rejected: 1 })
    await expectTruth()
    const bounds = [...(await world.stored()).values()].map(({ glucose, bound }) => `${glucose} ${bound}`)
    expect(bounds).to.have.members(['39 low', '40 null', '400 null', '401 high', '120 null'])
  })

  for (const [name, before, after] of [
    ['vanish', {}, { emptyTransmitterId: 0.5, noTransmitterId: 0.5 }],
    ['appear', { emptyTransmitterId: 0.5, noTransmitterId: 0.5 }, {}],
  ] as const)
    it(`trap 7: transmitters that ${name} in the middle of a run make no reading come twice`, async () => {
      const here = await connected({ account: { ...LIVELY, quirks: before } })
      await here.history()
      await here.sync()
      const tellings = told(here)
      await here.setQuirks(after)
      for (const again of [here.sync, here.reconcile]) await again()
      expect(told(here)).to.equal(tellings)
      await here.expectTruth()
    })

  it('trap 5: dates have 19 characters, lastSyncTime has a zone', async () => {
    const { simulator, sync, history, reconcile, go, expectTruth } = await connected()
    await history()
    await reconcile()
    go(HOUR_MS)
    await reconcile()
    await sync()
    await expectTruth()
    const queries = simulator.journal.list({}).map(({ query }) => query)
    const given = (name: string) => queries.flatMap((query) => (query[name] === undefined ? [] : [query[name]]))
    for (const text of [...given('startDate'), ...given('endDate')])
      expect(text).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
    expect(given('startDate').length).to.be.above(5)
    expect(given('lastSyncTime')).to.have.length(1)
    expect(given('lastSyncTime')[0]).to.match(/Z$/)
  })
})
