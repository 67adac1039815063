import { createGeneratedSeries, DEVICES, type ProfileName, trendOf } from '@bg-ingest/dexcom-simulator/parts'
import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { START_MS } from './accounts.ts'

const HOUR_MS = 3_600_000
const MONTH = { fromMs: START_MS - 30 * DAY_MS, toMs: START_MS }

interface Life {
  readonly profile?: ProfileName
  readonly seed?: string
  readonly name?: string
  readonly device?: keyof typeof DEVICES
  readonly historyDays?: number
}

function life({ profile = 'lively', seed = 'test', name = 'ada', device = 'g7-ios', historyDays = 90 }: Life = {}) {
  const firstMs = START_MS - historyDays * DAY_MS
  return createGeneratedSeries({ seed, name, profile, zone: 'Europe/Berlin', device: DEVICES[device], firstMs })
}
const month = (of?: Life) => [...life(of).egvs(MONTH, 'oldest-first')]

describe('simulator: generated readings', () => {
  it('are the same for the same seed and person, and others for others', () => {
    expect(month()).to.deep.equal(month())
    const values = (of: Life) =>
      month(of)
        .slice(0, 200)
        .map(({ value }) => value)
    expect(values({})).not.to.deep.equal(values({ seed: 'other' }))
    expect(values({})).not.to.deep.equal(values({ name: 'bob' }))
  })

  for (const profile of ['quiet', 'lively', 'gappy'] as const) {
    it(`look the same through any window, in either order, for ${profile}`, () => {
      const series = life({ profile })
      const whole = [...series.egvs(MONTH, 'oldest-first')]
      const cuts = [
        MONTH.fromMs,
        MONTH.fromMs + 1,
        MONTH.fromMs + 3.7 * HOUR_MS,
        MONTH.fromMs + 11.3 * DAY_MS,
        MONTH.toMs,
      ]
      const parts = cuts
        .slice(1)
        .flatMap((toMs, i) => [...life({ profile }).egvs({ fromMs: cuts[i] ?? 0, toMs }, 'oldest-first')])
      expect(parts).to.deep.equal(whole)
      expect([...series.egvs(MONTH, 'newest-first')].reverse()).to.deep.equal(whole)
      expect([...life({ profile, historyDays: 400 }).egvs(MONTH, 'oldest-first')]).to.deep.equal(whole)
    })
  }

  it('events and calibrations look the same through any window, in either order', () => {
    const middle = MONTH.fromMs + 9.4 * DAY_MS
    for (const kind of ['events', 'calibrations'] as const) {
      const whole = [...life()[kind](MONTH, 'oldest-first')]
      const parts = [
        ...life()[kind]({ fromMs: MONTH.fromMs, toMs: middle }, 'oldest-first'),
        ...life()[kind]({ fromMs: middle, toMs: MONTH.toMs }, 'oldest-first'),
      ]
      expect(parts).to.deep.equal(whole)
      expect([...life()[kind](MONTH, 'newest-first')].reverse()).to.deep.equal(whole)
      expect(whole.length).to.be.greaterThan(5)
      const times = whole.map(({ systemTimeMs }) => systemTimeMs)
      expect(times).to.deep.equal(times.toSorted((a, b) => a - b))
      expect(new Set(whole.map(({ key }) => key)).size).to.equal(whole.length)
    }
  })

  it('come every five minutes, give or take four seconds between two, in whole seconds', () => {
    const times = month({ profile: 'quiet' }).map(({ systemTimeMs }) => systemTimeMs)
    const steps = times.slice(1).map((time, i) => time - (times[i] ?? 0))
    const regular = steps.filter((step) => Math.abs(step - 300_000) <= 4000)
    expect(regular.length / steps.length).to.be.greaterThan(0.99)
    expect(steps.filter((step) => step < 296_000)).to.deep.equal([])
    expect(new Set(regular).size).to.be.greaterThan(4)
    expect(times.filter((time) => time % 1000 !== 0)).to.deep.equal([])
  })

  it("carry the arrow of their rate, by the vendor's bands", () => {
    for (const { trend, trendRate } of month()) {
      expect(trend).to.equal(trendRate === null ? 'notComputable' : trendOf(trendRate))
    }
    const bands: readonly [number, string][] = [
      [8.1, 'rateOutOfRange'],
      [8, 'doubleUp'],
      [3, 'doubleUp'],
      [2.9, 'singleUp'],
      [2, 'singleUp'],
      [1.9, 'fortyFiveUp'],
      [1, 'fortyFiveUp'],
      [0.9, 'flat'],
      [-0.9, 'flat'],
      [-1, 'fortyFiveDown'],
      [-2, 'singleDown'],
      [-3, 'doubleDown'],
      [-7.9, 'doubleDown'],
      [-8, 'rateOutOfRange'],
    ]
    for (const [rate, trend] of bands) expect(trendOf(rate), String(rate)).to.equal(trend)
  })

  it('keep to 39, 40 to 400 and 401; lively reaches both ends, quiet neither', () => {
    const lively = month().map(({ value }) => value ?? 0)
    expect(Math.min(...lively)).to.equal(39)
    expect(Math.max(...lively)).to.equal(401)
    const quiet = month({ profile: 'quiet' }).map(({ value }) => value ?? 0)
    expect(Math.min(...quiet)).to.be.greaterThan(69)
    expect(Math.max(...quiet)).to.be.lessThan(181)
  })

  it('change transmitter every ten days after a warm-up gap; ticks start again', () => {
    const readings = month()
    const firsts = readings.filter(({ transmitterId }, i) => i > 0 && transmitterId !== readings[i - 1]?.transmitterId)
    expect(firsts.length).to.be.within(2, 3)
    for (const first of firsts) {
      expect(first.transmitterId).to.match(/^[0-9a-f]{64}$/)
      const before = readings[readings.indexOf(first) - 1]
      expect(first.systemTimeMs - (before?.systemTimeMs ?? 0)).to.be.at.least(30 * 60_000)
      expect(before?.transmitterTicks).to.be.greaterThan(9 * 86_400)
      expect(first.transmitterTicks).to.be.within(1800, 86_400)
    }
  })

  it('of a G6 keep the transmitter over several sensors', () => {
    const quarter = { fromMs: START_MS - 60 * DAY_MS, toMs: START_MS }
    const ids = new Set(
      [...life({ device: 'g6-ios' }).egvs(quarter, 'oldest-first')].map((record) => record.transmitterId),
    )
    expect(ids.size).to.be.within(1, 2)
  })

  it('of the gappy profile come late in bursts, behind newer ones', () => {
    const readings = month({ profile: 'gappy' })
    const late = readings.filter(({ systemTimeMs, uploadTimeMs }) => uploadTimeMs - systemTimeMs > HOUR_MS)
    expect(late.length / readings.length).to.be.within(0.02, 0.5)
    expect(Math.max(...late.map((record) => record.uploadTimeMs - record.systemTimeMs))).to.be.greaterThan(4 * HOUR_MS)
    const overtaken = late.filter((old) =>
      readings.some(
        (other) => other.systemTimeMs > old.systemTimeMs + HOUR_MS && other.uploadTimeMs < old.uploadTimeMs,
      ),
    )
    expect(overtaken.length).to.be.greaterThan(20)
    expect(readings.filter(({ systemTimeMs, uploadTimeMs }) => uploadTimeMs < systemTimeMs)).to.deep.equal([])
  })

  it('of the gappy profile have holes that the quiet one does not', () => {
    const holes = (profile: ProfileName) => {
      const times = month({ profile }).map(({ systemTimeMs }) => systemTimeMs)
      return times.filter((time, i) => i > 0 && time - (times[i - 1] ?? 0) > 45 * 60_000).length
    }
    expect(holes('gappy')).to.be.at.least(2)
    expect(holes('quiet')).to.equal(0)
  })

  it('of a receiver arrive after the sensor has ended, all together', () => {
    const bySensor = Map.groupBy(month({ device: 'g6-receiver' }), ({ uploadTimeMs }) => uploadTimeMs)
    expect(bySensor.size).to.be.within(3, 4)
    for (const [uploadMs, readings] of bySensor) {
      expect(uploadMs).to.be.greaterThan(Math.max(...readings.map(({ systemTimeMs }) => systemTimeMs)))
    }
  })

  it('begin with the history and not before', () => {
    const [first] = life({ historyDays: 3 }).egvs({ fromMs: 0, toMs: START_MS }, 'oldest-first')
    expect(first?.systemTimeMs).to.be.within(START_MS - 3 * DAY_MS, START_MS - 3 * DAY_MS + HOUR_MS)
  })
})
