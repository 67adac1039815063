import { EgvRecord, EventRecord } from '@bg-ingest/dexcom-contract'
import { createWireWriter, recordPage, type SourceEgv, wireTime } from '@bg-ingest/dexcom-simulator/parts'
import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { accountOf, person, START_MS } from './accounts.ts'

const VIEW = { nowMs: START_MS, vendorDelayMs: 0 }
const DAY = { fromMs: START_MS - DAY_MS, toMs: START_MS }

const egv = (more: Partial<SourceEgv> = {}): SourceEgv => ({
  key: '1',
  systemTimeMs: START_MS,
  uploadTimeMs: START_MS,
  transmitterId: 'ab'.repeat(32),
  transmitterTicks: 85_273,
  value: 101,
  trend: 'flat',
  trendRate: 0.3,
  ...more,
})

describe('simulator: records on the wire', () => {
  it('writes an egv of a phone field by field as in the documentation', () => {
    const record = createWireWriter(accountOf(person())).egv(egv())
    expect(Object.keys(record)).to.deep.equal(
      (
        'recordId systemTime displayTime transmitterId transmitterTicks value status trend trendRate unit rateUnit ' +
        'displayDevice transmitterGeneration transmitterGenerationVariant displayApp'
      ).split(' '),
    )
    expect(record).to.deep.include({
      systemTime: '2026-11-20T12:00:00Z',
      displayTime: '2026-11-20T07:00:00-05:00',
      value: 101,
      status: null,
      unit: 'mg/dL',
      rateUnit: 'mg/dL/min',
      displayDevice: 'iOS',
      transmitterGeneration: 'g7',
      displayApp: 'G7',
    })
  })

  it('gives out-of-range values their status, and a null value no arrow', () => {
    const write = createWireWriter(accountOf(person()))
    expect(write.egv(egv({ value: 39 }))).to.include({ value: 39, status: 'low' })
    expect(write.egv(egv({ value: 40 }))).to.include({ value: 40, status: null })
    expect(write.egv(egv({ value: 400 }))).to.include({ value: 400, status: null })
    expect(write.egv(egv({ value: 401 }))).to.include({ value: 401, status: 'high' })
    expect(write.egv(egv({ value: null }))).to.include({ value: null, status: null, trend: 'none' })
  })

  it('writes no zone for a receiver, in both fields', () => {
    const record = createWireWriter(accountOf(person({ device: 'g6-receiver' }))).egv(egv())
    expect(record).to.include({ systemTime: '2026-11-20T12:00:00', displayTime: '2026-11-20T07:00:00' })
  })

  it('follows daylight saving in displayTime', () => {
    const { times } = createWireWriter(accountOf(person({ zone: 'America/New_York' })))
    const shown = (text: string) => times(Date.parse(text)).displayTime
    expect(shown('2026-11-01T05:30:00Z')).to.equal('2026-11-01T01:30:00-04:00')
    expect(shown('2026-11-01T06:30:00Z')).to.equal('2026-11-01T01:30:00-05:00')
    expect(shown('2026-03-08T06:59:59Z')).to.equal('2026-03-08T01:59:59-05:00')
    expect(shown('2026-03-08T07:00:00Z')).to.equal('2026-03-08T03:00:00-04:00')
    const nepal = createWireWriter(accountOf(person({ zone: 'Asia/Kathmandu' })))
    expect(nepal.times(START_MS).displayTime).to.equal('2026-11-20T17:45:00+05:45')
  })

  it('prints fractions only where there are some, and keeps the seconds', () => {
    expect(wireTime(Date.UTC(2025, 9, 6, 23, 56, 57, 294), 0)).to.equal('2025-10-06T23:56:57.294Z')
    expect(wireTime(Date.UTC(2025, 9, 6, 23, 56, 57, 10), null)).to.equal('2025-10-06T23:56:57.010')
    expect(wireTime(Date.UTC(2025, 9, 6, 23, 56), -25_200)).to.equal('2025-10-06T16:56:00-07:00')
  })

  it('gives a record one id per application, and an account one userId per application', () => {
    const idIn = (clientId: string) => {
      const account = accountOf(person(), { clientId })
      return { user: account.dexcomUserId, record: createWireWriter(account).recordId('egv', egv()) }
    }
    expect(idIn('one')).to.deep.equal(idIn('one'))
    expect(idIn('one').record).not.to.equal(idIn('two').record)
    expect(idIn('one').user).not.to.equal(idIn('two').user)
    expect(idIn('one').user).to.match(/^[0-9a-f]{64}$/)
    expect(idIn('one').record).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('makes pages that are valid JSON, newest first, without a repeated id, empty ones too', () => {
    const account = accountOf(person())
    const page = (fromMs: number, toMs: number) =>
      JSON.parse([...recordPage('egv', account, VIEW, { fromMs, toMs })].join(''))
    const { records, ...wrapper } = page(START_MS - 2 * DAY_MS, START_MS)
    expect(wrapper).to.deep.equal({ recordType: 'egv', recordVersion: '3.0', userId: account.dexcomUserId })
    expect(records.length).to.be.greaterThan(401)
    const parsed = records.map((record: unknown) => EgvRecord.parse(record))
    const times = parsed.map((record: EgvRecordShape) => record.systemTime)
    expect(times).to.deep.equal(times.toSorted().reverse())
    expect(new Set(parsed.map((record: EgvRecordShape) => record.recordId)).size).to.equal(parsed.length)
    expect(page(0, 1000)).to.deep.equal({ ...wrapper, records: [] })
  })

  it('writes fingersticks, carbs, insulin and exercise with values as text', () => {
    const account = accountOf(person())
    const month = { fromMs: START_MS - 20 * DAY_MS, toMs: START_MS }
    const { records } = JSON.parse([...recordPage('event', account, VIEW, month)].join(''))
    const types = new Set<string>()
    for (const record of records) {
      const event = EventRecord.parse(record)
      types.add(event.eventType)
      expect(event.value).to.match(/^\d+(\.\d)?$/)
      expect(event.eventStatus).to.equal('created')
    }
    expect([...types].toSorted()).to.deep.equal(['bloodGlucose', 'carbs', 'exercise', 'insulin'])
  })

  it('a day of readings has at most 288 records', () => {
    const { records } = JSON.parse([...recordPage('egv', accountOf(person()), VIEW, DAY)].join(''))
    expect(records.length).to.be.within(240, 288)
  })
})

type EgvRecordShape = { readonly systemTime: string; readonly recordId: string }
