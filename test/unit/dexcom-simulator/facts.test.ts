import { parseWireTime } from '@bg-ingest/dexcom-contract'
import { deviceList } from '@bg-ingest/dexcom-simulator/parts'
import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { accountOf, START_MS } from './accounts.ts'
import { minutesAgo, pageOf, recordsOf, someone, steady, truthAt, VIEW, type WireRecord } from './pages.ts'

const HOUR_MS = 3_600_000
const times = (records: readonly WireRecord[]) =>
  records.map(({ systemTime }) => parseWireTime(String(systemTime))?.epochMs ?? Number.NaN)
const values = (records: readonly WireRecord[]) => records.map(({ value }) => value)
const HALF_HOUR = { fromMs: minutesAgo(60), toMs: minutesAgo(30) }

describe('simulator: facts of an account', () => {
  it('change the cadence from a moment on, and leave the readings before it alone', () => {
    const cadence = [
      { fromMs: START_MS - 2 * DAY_MS, minutes: 1 as const },
      { fromMs: START_MS - DAY_MS, minutes: 15 as const },
    ]
    const changed = truthAt(someone({ cadence })).readings.filter(({ type }) => type === 'cgm')
    const plain = truthAt(someone()).readings.filter(({ type }) => type === 'cgm')
    const of = (readings: typeof plain, from: number, to: number) =>
      readings.filter(({ systemTime }) => Date.parse(systemTime) >= from && Date.parse(systemTime) < to)
    const [first, second] = [START_MS - 2 * DAY_MS, START_MS - DAY_MS]
    expect(of(changed, 0, first)).to.deep.equal(of(plain, 0, first))
    expect(of(changed, first, second).length).to.be.within(1380, 1440)
    expect(of(changed, second, START_MS).length).to.be.within(90, 97)
    expect(new Set(changed.map(({ recordId }) => recordId)).size).to.equal(changed.length)
  })

  it('let readings fall on milliseconds', () => {
    const records = recordsOf(someone({ milliseconds: true }), 'egv')
    const odd = records.filter(({ systemTime }) => /\.\d{3}Z$/.test(String(systemTime)))
    expect(odd.length / records.length).to.be.greaterThan(0.9)
  })

  it('hold a value, lose the value, or measure nothing for a span', () => {
    const held = recordsOf(steady({ held: [{ fromMs: minutesAgo(100), toMs: minutesAgo(60), value: 123 }] }), 'egv')
    expect(values(held).filter((value) => value === 123)).to.have.lengthOf(8)
    const broken = steady({ sensorErrors: [HALF_HOUR] })
    expect(values(recordsOf(broken, 'egv')).filter((value) => value === null)).to.have.lengthOf(6)
    expect(truthAt(broken).readings.filter(({ isNull }) => isNull)).to.have.lengthOf(6)
    expect(recordsOf(steady({ gaps: [HALF_HOUR] }), 'egv')).to.have.lengthOf(18)
  })

  it('bring what was measured offline in a burst, behind newer readings', () => {
    const account = steady({ offline: [{ ...HALF_HOUR, uploadedAtMs: START_MS }] })
    const at = (nowMs: number) => times(recordsOf(account, 'egv', { nowMs, vendorDelayMs: 0 }))
    expect(at(START_MS - 1)).to.have.lengthOf(18)
    expect(Math.max(...at(START_MS - 1))).to.equal(minutesAgo(5))
    expect(at(START_MS)).to.have.lengthOf(19)
    expect(at(START_MS + 1000)).to.have.lengthOf(24)
  })

  it('lose what the sensor forgot: 3 h of a G6, 24 h of a G7', () => {
    const offline = [
      {
        fromMs: START_MS - 40 * HOUR_MS,
        toMs: START_MS - 10 * HOUR_MS,
        uploadedAtMs: START_MS,
        away: 'sensor' as const,
      },
    ]
    const kept = (device: 'g6-ios' | 'g7-ios') => {
      const view = { nowMs: START_MS + HOUR_MS, vendorDelayMs: 0 }
      const ofSpan = times(recordsOf(someone({ device, offline, historyDays: 3 }), 'egv', view)).filter(
        (time) => time >= START_MS - 40 * HOUR_MS && time < START_MS - 10 * HOUR_MS,
      )
      return (START_MS - 10 * HOUR_MS - Math.min(...ofSpan)) / HOUR_MS
    }
    expect(kept('g6-ios')).to.be.within(2.9, 3)
    expect(kept('g7-ios')).to.be.within(23.9, 24)
  })

  it('travel: displayTime follows, also over half hours and quarter hours, systemTime does not', () => {
    const travel = [
      { atMs: minutesAgo(90), zone: 'Asia/Kolkata' },
      { atMs: minutesAgo(45), zone: 'Pacific/Chatham' },
    ]
    const shown = recordsOf(steady({ travel }), 'egv').map(({ displayTime }) => String(displayTime).slice(19))
    const counts = new Map([...Map.groupBy(shown, (offset) => offset)].map(([offset, all]) => [offset, all.length]))
    expect(counts).to.deep.equal(
      new Map([
        ['+13:45', 9],
        ['+05:30', 9],
        ['Z', 6],
      ]),
    )
    expect(times(recordsOf(steady({ travel }), 'egv'))).to.deep.equal(times(recordsOf(steady(), 'egv')))
  })

  it('know offsets with seconds of old zones', () => {
    const readings = [{ systemTimeMs: Date.UTC(1960, 0, 1, 12), value: 100 }]
    const account = accountOf({ name: 'old', kind: 'replay', zone: 'Africa/Monrovia', readings })
    const window = { fromMs: Date.UTC(1960, 0, 1), toMs: Date.UTC(1960, 0, 2) }
    expect(truthAt(account).readings).to.have.lengthOf(1)
    const { displayTime } = recordsIn(account, window)[0] ?? {}
    expect(displayTime).to.equal('1960-01-01T11:15:30-00:44:30')
  })

  it('let a clock drift: systemTime moves by the second, ticks do not', () => {
    const drifting = recordsOf(steady({ clock: { driftSecondsPerDay: 720, setAtMs: minutesAgo(120) } }), 'egv')
    const right = recordsOf(steady(), 'egv')
    const errors = times(drifting).map((time, i) => (time - (times(right)[i] ?? 0)) / 1000)
    expect(Math.min(...errors)).to.equal(0)
    expect(Math.max(...errors)).to.be.within(57, 58)
    expect(drifting.map((record) => record.transmitterTicks)).to.deep.equal(right.map((r) => r.transmitterTicks))
  })

  it('set a clock wrong for a span: a day ahead, years ahead, and none of it is lost', () => {
    const clock = { errors: [{ ...HALF_HOUR, aheadMs: DAY_MS }] }
    const account = steady({ clock })
    expect(recordsOf(account, 'egv')).to.have.lengthOf(18)
    const tomorrow = { fromMs: START_MS, toMs: START_MS + 2 * DAY_MS }
    expect(recordsIn(account, tomorrow)).to.have.lengthOf(6)
    expect(truthAt(account).ahead).to.have.lengthOf(6)
    expect(truthAt(account).readings).to.have.lengthOf(18)
    expect(truthAt(account, START_MS + DAY_MS).readings).to.have.lengthOf(24)
    const years = someone({ clock: { errors: [{ ...HALF_HOUR, aheadMs: 3650 * DAY_MS }] } })
    expect(truthAt(years).ahead.map(({ systemTime }) => systemTime.slice(0, 4))).to.include('2036')
    const order = truthAt(years).readings.map(({ systemTime }) => systemTime)
    expect(order).to.deep.equal(order.toSorted())
  })

  it('hold a clock that is ahead back by systemTime only if told so', () => {
    const clock = { errors: [{ ...HALF_HOUR, aheadMs: DAY_MS }] }
    const tomorrow = { fromMs: START_MS, toMs: START_MS + 2 * DAY_MS }
    expect(recordsIn(steady({ clock, delayFrom: 'systemTime' }), tomorrow)).to.deep.equal([])
    const late = [{ ...HALF_HOUR, uploadedAtMs: START_MS }]
    const view = { nowMs: START_MS + 10 * 60_000, vendorDelayMs: 15 * 60_000 }
    expect(recordsOf(steady({ offline: late }), 'egv', view)).to.have.lengthOf(24)
    expect(recordsOf(steady({ offline: late, delayFrom: 'upload' }), 'egv', view)).to.have.lengthOf(18)
  })

  it('show two true readings 4 s apart around a calibration', () => {
    const account = steady({ pairs: [{ atMs: minutesAgo(61), first: 77, second: 119 }] })
    const pair = recordsOf(account, 'egv').filter(({ value }) => value === 77 || value === 119)
    expect(times(pair)).to.deep.equal([minutesAgo(61) + 4000, minutesAgo(61)])
    expect(pair.map((record) => record.transmitterTicks)).to.deep.equal([3544, 3540])
    expect(recordsOf(account, 'calibration')).to.have.lengthOf(1)
    expect(truthAt(account).readings).to.have.lengthOf(27)
  })

  it('edit a reading: same id, other value from a moment on, and new since then', () => {
    const systemTimeMs = minutesAgo(60)
    const account = steady({ edits: [{ systemTimeMs, value: 222, fromMs: START_MS }] })
    const at = (nowMs: number) =>
      recordsOf(account, 'egv', { nowMs, vendorDelayMs: 0 }).find((record) => times([record])[0] === systemTimeMs)
    expect(at(START_MS - 1)).to.include({ value: 100 })
    expect(at(START_MS)).to.deep.equal({ ...at(START_MS - 1), value: 222 })
    expect(truthAt(account).readings.filter(({ value }) => value === 222)).to.have.lengthOf(1)
  })

  it('shows twins: same transmitter and ticks, other id and display device, one of them true', () => {
    for (const [device, display] of [
      ['receiver', 'receiver'],
      ['watch', 'iOS'],
    ] as const) {
      const account = steady({ twin: { device, secondsApart: 5 } })
      const records = recordsOf(account, 'egv')
      expect(records).to.have.lengthOf(48)
      const groups = [...Map.groupBy(records, ({ transmitterTicks }) => transmitterTicks).values()]
      expect(groups).to.have.lengthOf(24)
      for (const [later = {}, own = {}] of groups) {
        expect((times([later])[0] ?? 0) - (times([own])[0] ?? 0)).to.equal(5000)
        expect(later).to.include({ value: own.value, transmitterId: own.transmitterId, displayDevice: display })
        expect(later.recordId).not.to.equal(own.recordId)
        expect(/Z|[+-]\d\d:\d\d$/.test(String(later.displayTime))).to.equal(device === 'watch')
      }
      const { readings } = truthAt(account)
      expect(readings).to.have.lengthOf(24)
      expect(
        readings.every(({ twinTime = '', systemTime }) => Date.parse(twinTime) - Date.parse(systemTime) === 5000),
      ).to.equal(true)
      expect(deviceList(account, VIEW)).to.have.property('records').with.lengthOf(2)
    }
  })

  it("keeps a receiver's twin where the phone lost the reading", () => {
    const offline = [{ fromMs: minutesAgo(60), toMs: minutesAgo(30), uploadedAtMs: START_MS + DAY_MS }]
    const { readings } = truthAt(steady({ offline, twin: { device: 'receiver' } }))
    expect(readings).to.have.lengthOf(24)
    expect(readings.filter(({ twinTime }) => twinTime === undefined)).to.have.lengthOf(6)
  })

  it('Dexcom ONE has neither events nor calibrations', () => {
    const one = someone({ profile: 'lively', device: 'one-ios' })
    expect(recordsOf(one, 'event')).to.deep.equal([])
    expect(recordsOf(one, 'calibration')).to.deep.equal([])
    expect(recordsOf(one, 'egv')[0]).to.include({ displayApp: 'DexcomOne', transmitterGeneration: 'g6' })
    expect(recordsOf(someone({ device: 'one-plus-ios' }), 'egv')[0]).to.include({ transmitterGenerationVariant: 'd1+' })
  })

  it('a 15-day sensor keeps its transmitter for 15 days', () => {
    const ids = (device: 'g7-ios' | 'g7-15day-ios') =>
      new Set(truthAt(someone({ device, historyDays: 60 })).readings.map(({ transmitterId }) => transmitterId)).size
    expect(ids('g7-15day-ios')).to.be.within(4, 5)
    expect(ids('g7-ios')).to.be.within(6, 7)
    const month = pageOf(someone({ device: 'g7-15day-ios' }), 'egv', { fromMs: START_MS - 30 * DAY_MS, toMs: START_MS })
    const ticks = month.records.map(({ transmitterTicks }) => Number(transmitterTicks))
    expect([Math.min(...ticks) >= 1800, Math.max(...ticks) / 86_400 > 14.9]).to.deep.equal([true, true])
    expect(Math.max(...ticks) / 86_400).to.be.lessThan(15)
  })
})

const recordsIn = (account: ReturnType<typeof steady>, window: { fromMs: number; toMs: number }) =>
  pageOf(account, 'egv', window).records
