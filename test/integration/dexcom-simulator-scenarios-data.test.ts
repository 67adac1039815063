import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { openStage, type Stage, type WireEgv } from '../support/scenario-stage.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Each scenario about data shows on the wire what it says. */
describe('dexcom simulator: scenarios of data', () => {
  let stage: Stage
  afterEach(() => stage.stop())
  const open = async (...args: Parameters<typeof openStage>) => {
    stage = await openStage(...args)
    return stage
  }
  const tokenOf = async (user: string) => (await stage.at.connect(user)).access_token
  const times = (records: readonly WireEgv[]) => records.map(({ systemTime }) => Date.parse(systemTime))
  const ids = (records: readonly WireEgv[]) => records.map(({ recordId }) => recordId)
  const gaps = (sorted: readonly number[]) => sorted.slice(1).map((ms, i) => ms - (sorted[i] ?? ms))

  it('S01 late-burst: nothing for six hours, then all of them', async () => {
    const { go, egvs, scenario } = await open('late-burst')
    const token = await tokenOf('ada')
    go(7 * HOUR_MS - 1)
    expect(Math.max(...times(await egvs(token)))).to.be.below(scenario.startMs + HOUR_MS)
    go(9 * HOUR_MS)
    const lateOnes = times(await egvs(token)).filter(
      (ms) => ms >= scenario.startMs + HOUR_MS && ms < scenario.startMs + 7 * HOUR_MS,
    )
    expect(lateOnes.length).to.be.within(60, 73)
  })

  it('S02 receiver-upload: readings are more than nine days old when they first appear', async () => {
    const { go, egvs, scenario } = await open('receiver-upload')
    const token = await tokenOf('rita')
    let known = new Set(ids(await egvs(token, 13)))
    let oldest = 0
    for (let day = 1; day <= 12; day++) {
      go(day * DAY_MS)
      const records = await egvs(token, 13)
      const fresh = times(records.filter(({ recordId }) => !known.has(recordId)))
      oldest = Math.max(oldest, ...fresh.map((ms) => scenario.startMs + day * DAY_MS - ms))
      known = new Set(ids(records))
    }
    expect(oldest / DAY_MS).to.be.within(9, 11.1)
  })

  it('S03 twins: each measurement twice, nine seconds apart, under other ids', async () => {
    const { egvs } = await open('twins')
    const records = await egvs(await tokenOf('tom'))
    const at = new Map(records.map((record) => [Date.parse(record.systemTime), record]))
    const pairs = [...at].filter(([ms, { value }]) => at.get(ms + 9000)?.value === value)
    expect(pairs.length).to.be.greaterThan(200)
    expect(new Set(ids(records)).size).to.equal(records.length)
  })

  it('S04 close-pair: two readings four seconds apart, and a calibration between them', async () => {
    const { at, go, truth, scenario } = await open('close-pair')
    await at.connect('pia')
    go(3 * HOUR_MS)
    for (const [atMs, first, second] of [
      [scenario.startMs - 2 * HOUR_MS, 120, 131],
      [scenario.startMs + HOUR_MS, 95, 102],
    ] as const) {
      const near = (await truth('pia')).filter(({ systemTime }) => Math.abs(Date.parse(systemTime) - atMs) < 30_000)
      const cgm = near.filter(({ type, value }) => type === 'cgm' && (value === first || value === second))
      expect(gaps(cgm.map(({ systemTime }) => Date.parse(systemTime)))).to.deep.equal([4000])
      expect(near.some(({ type, value }) => type === 'calibration' && value === second)).to.equal(true)
    }
  })

  it('S05 reconnect: consent ends, and the next one brings the same readings under other ids', async () => {
    const { at, goReal, egvs } = await open('reconnect')
    const token = await tokenOf('rena')
    const before = await egvs(token, 30)
    goReal(61)
    expect((await at.get('devices', token)).status).to.equal(401)
    const after = await egvs(await tokenOf('rena'), 30)
    expect(times(after)).to.deep.equal(times(before))
    expect(before.length).to.be.greaterThan(8000)
    expect(new Set([...ids(before), ...ids(after)]).size).to.equal(2 * before.length)
  })

  it('S06 new-ids-each-poll: no id comes twice, every reading does', async () => {
    const { egvs } = await open('new-ids-each-poll')
    const token = await tokenOf('noa')
    const [first, second] = [await egvs(token), await egvs(token)]
    expect(times(second)).to.deep.equal(times(first))
    expect(new Set([...ids(first), ...ids(second)]).size).to.equal(first.length + second.length)
  })

  it('S14 clock-ahead: readings of tomorrow, and of ten years from now', async () => {
    const { at, go, simulator } = await open('clock-ahead')
    go(3 * HOUR_MS)
    const nowMs = simulator.clock.now()
    for (const [user, aheadMs] of [
      ['day', DAY_MS],
      ['decade', 3652.5 * DAY_MS],
    ] as const) {
      const ahead = await at.page('egvs', await tokenOf(user), nowMs + aheadMs - DAY_MS / 2, nowMs + aheadMs)
      expect(ahead.records.length, user).to.be.greaterThan(20)
    }
  })

  it('S15 zones: both changes of the clock, a journey, half hours, and offsets with seconds', async () => {
    const { at, go, egvs, scenario } = await open('zones', { atNow: false })
    const offsets = (records: readonly unknown[]) =>
      new Set((records as WireEgv[]).map(({ displayTime }) => /(?:Z|[+-][\d:]+)$/.exec(displayTime)?.[0]))
    const spring = Date.UTC(2026, 2, 8)
    const nora = await tokenOf('nora')
    expect(offsets((await at.page('egvs', nora, spring, spring + DAY_MS)).records)).to.deep.equal(
      new Set(['-04:00', '-05:00']),
    )
    go(24 * HOUR_MS)
    expect(offsets(await egvs(nora))).to.deep.equal(new Set(['-05:00', '-04:00']))
    expect(offsets(await egvs(await tokenOf('indu')))).to.deep.equal(new Set(['+05:30']))
    expect(offsets(await egvs(await tokenOf('kabir')))).to.deep.equal(new Set(['+05:45']))
    const journey = offsets(await egvs(await tokenOf('jules'), 2))
    expect([...journey]).to.include.members(['+13:00', '+10:30', '+09:00', '+05:30', '+03:00', '-10:00', 'Z'])
    for (const offset of offsets(await egvs(await tokenOf('otto')))) expect(offset).to.match(/:\d\d:\d\d$/)
    expect(scenario.users).to.have.lengthOf(5)
  })

  it('S16 receiver-times: no zone anywhere', async () => {
    const { egvs } = await open('receiver-times')
    const records = await egvs(await tokenOf('rex'), 30)
    expect(records.length).to.be.greaterThan(1000)
    for (const { systemTime, displayTime } of records) {
      expect(`${systemTime} ${displayTime}`).to.match(/^[\d-]+T[\d:.]+ [\d-]+T[\d:.]+$/)
    }
  })

  it('S17 odd-times: no seconds, fractions, and offsets with seconds', async () => {
    const { goReal, egvs } = await open('odd-times')
    const [mina, lou] = [await tokenOf('mina'), await tokenOf('lou')]
    const some = (records: readonly WireEgv[], shape: RegExp) =>
      records.filter(({ systemTime, displayTime }) => shape.test(systemTime) || shape.test(displayTime)).length
    expect(some(await egvs(mina), /\.\d+/)).to.be.greaterThan(50)
    expect(some(await egvs(lou, 10), /T\d\d:\d\dZ$/)).to.be.greaterThan(10)
    goReal(61)
    const after = await egvs(lou)
    expect(some(after, /[+-]\d\d:\d\d:\d\d$/)).to.equal(after.length)
  })

  it('S18 odd-records: a release makes records odd, and is taken back', async () => {
    const { goReal, egvs } = await open('odd-records')
    const token = await tokenOf('vera')
    const before = await egvs(token)
    goReal(61)
    const odd = await egvs(token)
    expect(odd.some(({ trend }) => trend === 'sideways')).to.equal(true)
    expect(odd.some(({ unit }) => unit === 'unknown')).to.equal(true)
    expect(odd.some(({ value }) => value === null)).to.equal(true)
    expect(Object.keys(odd[0] ?? {}).length).to.be.greaterThan(Object.keys(before[0] ?? {}).length)
    goReal(181)
    expect(await egvs(token)).to.deep.equal(before)
  })

  it('S19 cadence: a minute, then a quarter of an hour, then five', async () => {
    const { go, egvs, scenario } = await open('cadence')
    go(3 * HOUR_MS)
    const all = times(await egvs(await tokenOf('cat'), 3)).toSorted((a, b) => a - b)
    const median = (fromMs: number, toMs: number) => {
      const found = gaps(all.filter((ms) => ms >= scenario.startMs + fromMs && ms < scenario.startMs + toMs))
      return Math.round((found.toSorted((a, b) => a - b)[Math.floor(found.length / 2)] ?? 0) / MINUTE_MS)
    }
    expect(median(-1.9 * DAY_MS, -1.1 * DAY_MS)).to.equal(1)
    expect(median(-0.9 * DAY_MS, HOUR_MS)).to.equal(15)
    expect(median(HOUR_MS, 2 * HOUR_MS)).to.equal(5)
  })

  it('S20 plateau: eight readings of one value', async () => {
    const { egvs, scenario } = await open('plateau')
    const [fromMs, toMs] = [scenario.startMs - 2 * HOUR_MS, scenario.startMs - 80 * MINUTE_MS]
    const held = (await egvs(await tokenOf('paul'))).filter(({ systemTime }) => {
      const ms = Date.parse(systemTime)
      return ms >= fromMs && ms < toMs
    })
    expect(held.map(({ value }) => value)).to.deep.equal(Array(8).fill(142))
  })

  it('S28 thirty-days: frozen data, an outage, and in the end no fault', async () => {
    const { at, go, egvs } = await open('thirty-days')
    await at.sim('DELETE', 'faults')
    const token = await tokenOf('ada')
    const newest = async () => Math.max(...times(await egvs(token)))
    go(3 * DAY_MS)
    const frozen = await newest()
    go(3.2 * DAY_MS)
    expect(await newest()).to.equal(frozen)
    go(3.3 * DAY_MS)
    expect(await newest()).to.be.greaterThan(frozen + 6 * HOUR_MS)
    go(10.01 * DAY_MS)
    expect((await at.get('devices', token)).status).to.equal(503)
    go(11 * DAY_MS)
    expect((await at.get('devices', token)).status).to.equal(200)
    go(15 * DAY_MS)
    expect((await at.get('devices', token)).status).to.equal(401)
    go(29.5 * DAY_MS)
    expect((await at.sim('GET', 'faults')).body).to.deep.equal({ faults: [] })
    expect((await at.sim('GET', 'limits')).body.limits).to.include({ calls: 60_000, mode: 'sliding' })
  })
})
