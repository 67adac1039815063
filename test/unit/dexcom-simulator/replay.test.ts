import { parseWireTime } from '@bg-ingest/dexcom-contract'
import { loadHall2018, loadNightscout, type ReplayRecord } from '@bg-ingest/dexcom-simulator'
import { EVER, recordPage, trueReadings } from '@bg-ingest/dexcom-simulator/parts'
import { AppError, DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { accountOf, START_MS } from './accounts.ts'
import { sharedData } from './shared-data.ts'

const TABLE = `"id","time","gl"
"a-1",2015-01-05 23:57:12,93
"b-2",2015-01-05 10:00:00,180
"a-1",2015-01-06 00:02:12,NA
"a-1",2015-01-07 23:57:12,101
`
const VIEW = { nowMs: START_MS, vendorDelayMs: 3_600_000 }

function play(readings: readonly ReplayRecord[]) {
  const account = accountOf({ name: 'rec', kind: 'replay', readings })
  const { records } = JSON.parse([...recordPage('egv', account, VIEW, EVER)].join('')) as { records: WireEgv[] }
  return { records, truth: trueReadings(account, VIEW, EVER) }
}

interface WireEgv {
  readonly recordId: string
  readonly systemTime: string
  readonly value: number | null
  readonly trend: string | null
  readonly transmitterId: string
  readonly transmitterTicks: number
}

/** What comes out has the times, to the millisecond, and the values of what went in, newest first. */
function expectSame(readings: readonly ReplayRecord[]) {
  const { records, truth } = play(readings)
  const given = readings.toSorted((a, b) => a.systemTimeMs - b.systemTimeMs)
  const got = records.map(({ systemTime, value }) => [parseWireTime(systemTime)?.epochMs, value])
  expect(got.reverse()).to.deep.equal(given.map(({ systemTimeMs, value }) => [systemTimeMs, value]))
  expect(truth.map(({ systemTime, value }) => [Date.parse(systemTime), value])).to.deep.equal(got)
  expect(new Set(records.map(({ recordId }) => recordId)).size).to.equal(readings.length)
}

function codeOf(run: () => unknown): string | null {
  try {
    run()
    return null
  } catch (err) {
    return AppError.from(err).code
  }
}

describe('simulator: replay', () => {
  it('reads one person of a Hall 2018 table, time as UTC, NA as null', () => {
    expect(loadHall2018(TABLE, 'a-1')).to.deep.equal([
      { systemTimeMs: Date.UTC(2015, 0, 5, 23, 57, 12), value: 93 },
      { systemTimeMs: Date.UTC(2015, 0, 6, 0, 2, 12), value: null },
      { systemTimeMs: Date.UTC(2015, 0, 7, 23, 57, 12), value: 101 },
    ])
    expect(loadHall2018(TABLE, 'a-1', { days: 2 })).to.have.lengthOf(2)
    expect(loadHall2018(TABLE.replaceAll('\n', '\r\n'), 'b-2')).to.have.lengthOf(1)
  })

  it('refuses a table without that person, and one with another shape', () => {
    expect(codeOf(() => loadHall2018(TABLE, 'c-3'))).to.equal('invalid_request')
    expect(codeOf(() => loadHall2018(`${TABLE}a-1,yesterday,90\n`, 'a-1'))).to.equal('invalid_request')
    expect(codeOf(() => loadHall2018(`${TABLE}a-1,2015-01-06 00:07:12\n`, 'a-1'))).to.equal('invalid_request')
  })

  it('reads a Nightscout export: date floored, arrows translated, sensor entries only', () => {
    const text = JSON.stringify([
      { type: 'sgv', date: 1759795017294.9988, sgv: 184, direction: 'FortyFiveUp' },
      { type: 'mbg', date: 1759794900000, mbg: 180 },
      { type: 'sgv', date: 1759794717848, sgv: 189, direction: 'NOT COMPUTABLE' },
      { date: 1759794417031.3625, sgv: 197, direction: 'Sideways' },
      { type: 'sgv', date: 1759794117254 },
    ])
    expect(loadNightscout(text)).to.deep.equal([
      { systemTimeMs: 1759794117254, value: null, trend: null },
      { systemTimeMs: 1759794417031, value: 197, trend: 'unknown' },
      { systemTimeMs: 1759794717848, value: 189, trend: 'notComputable' },
      { systemTimeMs: 1759795017294, value: 184, trend: 'fortyFiveUp' },
    ])
    expect(codeOf(() => loadNightscout('{}'))).to.equal('invalid_request')
    expect(codeOf(() => loadNightscout('<html>'))).to.equal('invalid_request')
  })

  it('plays readings back as they are, also two of one instant, on one transmitter', () => {
    const readings = [
      { systemTimeMs: 1759794417031, value: 77 },
      { systemTimeMs: 1759794417031, value: 119 },
      { systemTimeMs: 1759794117000, value: null },
    ]
    expectSame(readings)
    const { records } = play(readings)
    expect(new Set(records.map(({ transmitterId }) => transmitterId)).size).to.equal(1)
    expect(records.map(({ transmitterTicks }) => transmitterTicks)).to.deep.equal([300, 300, 0])
    expect(records.map(({ systemTime }) => systemTime)).to.deep.equal([
      '2025-10-06T23:46:57.031Z',
      '2025-10-06T23:46:57.031Z',
      '2025-10-06T23:41:57Z',
    ])
  })

  it('plays back real recordings without loss', () => {
    const hall = sharedData('hall2018-dexcom-g4/Hall2018_processed.csv')
    if (hall !== null) {
      const readings = loadHall2018(hall, '1636-69-111')
      expect(readings).to.have.lengthOf(1868)
      expect(readings.filter(({ value }) => value === null)).not.to.deep.equal([])
      expectSame(readings)
      const week = loadHall2018(hall, '2133-010', { days: 3 })
      expect((week.at(-1)?.systemTimeMs ?? 0) - (week[0]?.systemTimeMs ?? 0)).to.be.within(2 * DAY_MS, 3 * DAY_MS)
    }
    const nightscout = sharedData('nightscout-g7/patient_b_entries.json')
    if (nightscout !== null) {
      const readings = loadNightscout(nightscout)
      expect(readings).to.have.lengthOf(284)
      expectSame(readings)
    }
  })
})
