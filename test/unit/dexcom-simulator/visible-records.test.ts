import { dataRange, deviceList, EVER, trueReadings, visibleRecords } from '@bg-ingest/dexcom-simulator/parts'
import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { accountOf, person, START_MS } from './accounts.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

const recorded = accountOf({
  name: 'rec',
  kind: 'replay',
  readings: [
    { systemTimeMs: START_MS - 5 * HOUR_MS, value: 100 },
    { systemTimeMs: START_MS - 4 * HOUR_MS, value: null, uploadTimeMs: START_MS },
    { systemTimeMs: START_MS - 2 * HOUR_MS, value: 120 },
  ],
})
const seen = (nowMs: number, vendorDelayMs = HOUR_MS) =>
  [...visibleRecords(recorded, { nowMs, vendorDelayMs }).egvs(EVER, 'oldest-first')].map(({ value }) => value)

describe('simulator: what is visible', () => {
  it("is what is uploaded and older than the vendor's delay, to the millisecond", () => {
    expect(seen(START_MS - 5 * HOUR_MS)).to.deep.equal([])
    expect(seen(START_MS - 4 * HOUR_MS - 1)).to.deep.equal([])
    expect(seen(START_MS - 4 * HOUR_MS)).to.deep.equal([100])
    expect(seen(START_MS - HOUR_MS)).to.deep.equal([100, 120])
    expect(seen(START_MS - 1)).to.deep.equal([100, 120])
    expect(seen(START_MS)).to.deep.equal([100, null, 120])
    expect(seen(START_MS, 3 * HOUR_MS)).to.deep.equal([100, null])
  })

  it('from a receiver is not held back once it is uploaded', () => {
    const readings = [{ systemTimeMs: START_MS - MINUTE_MS, value: 90 }]
    const receiver = accountOf({ name: 'rec', kind: 'replay', device: 'g6-receiver', readings })
    const view = { nowMs: START_MS, vendorDelayMs: HOUR_MS }
    expect([...visibleRecords(receiver, view).egvs(EVER, 'oldest-first')]).to.have.lengthOf(1)
  })

  it('dataRange spans it, with null for what there is none of', () => {
    const range = dataRange(recorded, { nowMs: START_MS, vendorDelayMs: HOUR_MS }, null)
    expect(range).to.deep.equal({
      recordType: 'dataRange',
      recordVersion: '3.0',
      userId: recorded.dexcomUserId,
      calibrations: null,
      events: null,
      egvs: {
        start: { systemTime: '2026-11-20T07:00:00Z', displayTime: '2026-11-20T07:00:00Z' },
        end: { systemTime: '2026-11-20T10:00:00Z', displayTime: '2026-11-20T10:00:00Z' },
      },
    })
  })

  it('dataRange since a moment goes by upload time, so late data shows behind the newest', () => {
    const range = dataRange(recorded, { nowMs: START_MS, vendorDelayMs: HOUR_MS }, START_MS - HOUR_MS)
    expect(range).to.have.nested.property('egvs.start.systemTime', '2026-11-20T08:00:00Z')
    expect(range).to.have.nested.property('egvs.end.systemTime', '2026-11-20T08:00:00Z')
    expect(dataRange(recorded, { nowMs: START_MS, vendorDelayMs: HOUR_MS }, START_MS)).to.include({ egvs: null })
  })

  it('dataRange of a generated life has all three', () => {
    const range = dataRange(accountOf(person({ historyDays: 10 })), { nowMs: START_MS, vendorDelayMs: HOUR_MS }, null)
    for (const kind of ['egvs', 'calibrations', 'events'])
      expect(range).to.have.nested.property(`${kind}.start.systemTime`)
    const { egvs } = range as { egvs: { start: { systemTime: string }; end: { systemTime: string } } }
    expect(Date.parse(egvs.start.systemTime)).to.be.within(START_MS - 10 * DAY_MS, START_MS - 9 * DAY_MS)
    expect(Date.parse(egvs.end.systemTime)).to.be.at.most(START_MS - HOUR_MS)
  })

  it('devices tells the transmitter and when it was last heard of, and nothing without an upload', () => {
    const account = accountOf(person({ profile: 'quiet' }))
    const { records } = deviceList(account, { nowMs: START_MS, vendorDelayMs: HOUR_MS }) as { records: Device[] }
    expect(records).to.have.lengthOf(1)
    expect(Date.parse(records[0]?.lastUploadDate ?? '')).to.be.within(START_MS - 15 * MINUTE_MS, START_MS)
    expect(records[0]?.alertSchedules[0]?.alertSettings.length).to.be.greaterThan(0)
    expect(deviceList(account, { nowMs: START_MS - 100 * DAY_MS, vendorDelayMs: 0 })).to.include({
      recordType: 'device',
    })
    expect(deviceList(account, { nowMs: START_MS - 100 * DAY_MS, vendorDelayMs: 0 })).to.deep.include({ records: [] })
  })

  it('truth lists it oldest first in our words, null values flagged', () => {
    const truth = trueReadings(recorded, { nowMs: START_MS, vendorDelayMs: HOUR_MS }, EVER)
    expect(truth.map(({ systemTime, value, isNull, type }) => [systemTime, value, isNull, type])).to.deep.equal([
      ['2026-11-20T07:00:00.000Z', 100, false, 'cgm'],
      ['2026-11-20T08:00:00.000Z', null, true, 'cgm'],
      ['2026-11-20T10:00:00.000Z', 120, false, 'cgm'],
    ])
    const types = new Set(
      trueReadings(accountOf(person()), { nowMs: START_MS, vendorDelayMs: 0 }, EVER).map((r) => r.type),
    )
    expect([...types].toSorted()).to.deep.equal(['calibration', 'cgm', 'manual'])
  })
})

interface Device {
  readonly lastUploadDate: string
  readonly alertSchedules: readonly { readonly alertSettings: readonly unknown[] }[]
}
