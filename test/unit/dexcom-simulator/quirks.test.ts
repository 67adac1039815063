import { deviceList, QUIRK_NAMES } from '@bg-ingest/dexcom-simulator/parts'
import { expect } from 'chai'
import fc from 'fast-check'
import { pageOf, recordsOf, someone, steady, truthAt, VIEW, type WireRecord } from './pages.ts'

type QuirkName = (typeof QUIRK_NAMES)[number]

const PLAIN = someone({ profile: 'lively' })
const odd = (...quirks: readonly QuirkName[]) =>
  someone({ profile: 'lively', quirks: Object.fromEntries(quirks.map((quirk) => [quirk, 'always'])) })
const egvs = (...quirks: readonly QuirkName[]) => recordsOf(odd(...quirks), 'egv')
const timesOf = ({ systemTime, displayTime }: WireRecord) => [systemTime, displayTime]
const all = <T>(records: readonly WireRecord[], field: string): readonly T[] => [
  ...new Set(records.map((record) => record[field] as T)),
]

describe('simulator: quirks', () => {
  it('drop seconds that are zero, as java.time does, and only those', () => {
    const quirks = { dropSeconds: 'always' } as const
    // Readings of one sensor fall on nearly the same second of a minute; a drifting clock goes through all of them.
    const drifting = { profile: 'lively', clock: { driftSecondsPerDay: 600 } } as const
    const short = recordsOf(someone({ ...drifting, quirks }), 'egv').map(timesOf)
    const without = (time: unknown) => String(time).replace(/T(\d\d:\d\d):00/, 'T$1')
    expect(short).to.deep.equal(recordsOf(someone(drifting), 'egv').map((record) => timesOf(record).map(without)))
    const share = short.filter(([time]) => String(time).length === '2026-11-20T12:00Z'.length).length / short.length
    expect(share).to.be.within(1 / 120, 1 / 30)
    expect(recordsOf(steady({ quirks }), 'egv')[0]).to.include({ systemTime: '2026-11-20T11:55Z' })
    expect(recordsOf(steady({ quirks, device: 'g6-receiver' }), 'egv')[0]).to.include({
      systemTime: '2026-11-20T11:55',
    })
  })

  it('print fractions and offsets with seconds of the same instants', () => {
    const same = (records: readonly WireRecord[]) => records.map(({ systemTime }) => Date.parse(String(systemTime)))
    expect(same(egvs('fraction'))).to.deep.equal(same(recordsOf(PLAIN, 'egv')))
    const digits = new Set(egvs('fraction').map(({ systemTime }) => /\.(\d+)Z$/.exec(String(systemTime))?.[1]?.length))
    expect([...digits].toSorted()).to.deep.equal([3, 6, 9])
    for (const { displayTime, systemTime } of egvs('offsetSeconds')) {
      expect(displayTime).to.match(/-04:59:58$/)
      const wall = Date.parse(`${String(displayTime).slice(0, 19)}Z`)
      expect(wall + (4 * 3600 + 59 * 60 + 58) * 1000).to.equal(Date.parse(String(systemTime)))
    }
  })

  for (const [quirk, field, values] of [
    ['emptyTransmitterId', 'transmitterId', ['']],
    ['noTransmitterId', 'transmitterId', [undefined]],
    ['nullTrend', 'trend', [null]],
    ['nullStatus', 'status', [null]],
    ['missingTrendRate', 'trendRate', [undefined]],
    ['unknownTrend', 'trend', ['sideways']],
    ['unknownGeneration', 'transmitterGeneration', ['g8']],
    ['unknownUnit', 'unit', ['unknown']],
  ] as const) {
    it(`${quirk} makes ${field} ${JSON.stringify(values[0]) ?? 'absent'}`, () => {
      expect(all(egvs(quirk), field)).to.deep.equal(values)
      expect(all(recordsOf(PLAIN, 'egv'), field)).not.to.deep.equal(values)
    })
  }

  it('say ok, count many ticks, and send what nobody knows', () => {
    expect(all<string>(egvs('statusOk'), 'status').toSorted()).to.deep.equal(['high', 'low', 'ok'])
    expect(Math.min(...all<number>(egvs('bigTicks'), 'transmitterTicks'))).to.be.greaterThan(2 ** 31)
    expect(egvs('extraFields')[0]).to.include({ _v: '3.9' })
  })

  it('put beside records what is no reading', () => {
    const plain = recordsOf(PLAIN, 'egv').length
    const nulls = egvs('nullValue')
    expect(nulls.filter(({ value }) => value === null)).to.have.lengthOf(plain)
    expect(nulls).to.have.lengthOf(2 * plain)
    expect(new Set(nulls.map(({ recordId }) => recordId)).size).to.equal(2 * plain)
    const events = recordsOf(odd('noteEvent', 'negativeEventValue'), 'event')
    expect(events.filter(({ eventType }) => eventType === 'note').length).to.equal(recordsOf(PLAIN, 'event').length)
    expect(
      all(
        events.filter(({ eventType }) => eventType === 'exercise'),
        'value',
      ),
    ).to.deep.equal(['-1.00'])
    expect(
      events.filter(({ eventType }) => eventType === 'bloodGlucose').every(({ value }) => Number(value) > 0),
    ).to.equal(true)
  })

  it('send records of every bad kind', () => {
    const bad = egvs('badRecord')
    const has = (isBad: (record: WireRecord) => boolean) => expect(bad.some(isBad), String(isBad)).to.equal(true)
    has(({ value }) => value === 'abc')
    has(({ value }) => value === 'NaN')
    has(({ value }) => value === -5)
    has(({ value }) => value === Number.POSITIVE_INFINITY)
    has((record) => !('systemTime' in record))
    has((record) => !('recordId' in record))
    has((record) => JSON.stringify(record).length > 10_000)
    has((record) => Object.hasOwn(record, '__proto__'))
    expect(all(recordsOf(odd('badRecord'), 'event'), 'value')).to.include.members(['abc', '1e309'])
  })

  it('double alert settings and write odd schedules', () => {
    const text = JSON.stringify(deviceList(odd('duplicatedAlertSettings', 'oddSchedules'), VIEW))
    for (const shape of ['"8:00 PM"', '"47:59"', '""', '"snooze":28']) expect(text).to.include(shape)
    const doubled = JSON.stringify(deviceList(odd('duplicatedAlertSettings'), VIEW)).match(/"alertName":"high"/g)
    expect(doubled).to.have.lengthOf(2)
  })

  it('fall on the same share of records every time, on others for others, and on both twins', () => {
    const half = { unknownTrend: 0.5 }
    const fallen = (name: string) =>
      recordsOf(someone({ name, quirks: half }), 'egv').map(({ trend }) => trend === 'sideways')
    expect(fallen('ada')).to.deep.equal(fallen('ada'))
    expect(fallen('ada').slice(0, 200)).not.to.deep.equal(fallen('bob').slice(0, 200))
    const share = fallen('ada').filter(Boolean).length / fallen('ada').length
    expect(share).to.be.within(0.45, 0.55)
    const twins = recordsOf(steady({ twin: { device: 'receiver' }, quirks: { bigTicks: 0.5 } }), 'egv')
    expect(new Set(twins.map(({ transmitterTicks }) => transmitterTicks)).size).to.equal(24)
    const kept = recordsOf(steady({ twin: { device: 'receiver' }, quirks: { noTransmitterId: 'always' } }), 'egv')
    expect(kept.every((record) => 'transmitterId' in record)).to.equal(true)
  })

  it('leave truth as it is, and every true reading readable in the pages, whatever is dialled', () => {
    const truth = truthAt(steady({ twin: { device: 'watch' }, repeats: 0 }))
    const share = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant('always' as const))
    const quirks = fc.dictionary(fc.constantFrom(...QUIRK_NAMES), share)
    const order = fc.constantFrom('newest-first' as const, 'oldest-first' as const, 'shuffled' as const)
    fc.assert(
      fc.property(quirks, order, fc.double({ min: 0, max: 1, noNaN: true }), (dialled, told, repeats) => {
        const account = steady({ twin: { device: 'watch' }, quirks: dialled, order: told, repeats })
        expect(truthAt(account)).to.deep.equal(truth)
        const { records } = pageOf(account, 'egv')
        const readable = new Map(
          records
            .filter(
              ({ value, systemTime, recordId }) =>
                Number(value) > 0 && Number.isFinite(value) && systemTime && recordId,
            )
            .map(({ recordId, value }) => [recordId, value]),
        )
        for (const { recordId, value } of truth.readings) expect(readable.get(recordId)).to.equal(value)
      }),
      { numRuns: 60, seed: 20_261_120 },
    )
  })
})
