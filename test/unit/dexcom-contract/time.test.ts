import { instantOf, localTimeText, parseWireTime, toQueryTime, toSyncTime } from '@bg-ingest/dexcom-contract'
import { expect } from 'chai'
import fc from 'fast-check'

describe('times as Dexcom sends them, read where the local zone is far from UTC', () => {
  let zone: string | undefined
  before(() => {
    zone = process.env.TZ
    process.env.TZ = 'America/Los_Angeles'
    expect(new Date('2026-10-03T01:15:00').getTimezoneOffset()).to.equal(420)
  })
  after(() => {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })

  // text, UTC instant, offset in minutes, local time for output (dexcom-api.md section 4)
  const table: readonly (readonly [string, string, number | null, string])[] = [
    ['2026-10-03T01:15:00', '2026-10-03T01:15:00.000Z', null, '2026-10-03T01:15:00'],
    ['2026-10-03T01:15:00Z', '2026-10-03T01:15:00.000Z', 0, '2026-10-03T01:15:00+00:00'],
    ['2026-10-03T01:15:00-07:00', '2026-10-03T08:15:00.000Z', -420, '2026-10-03T01:15:00-07:00'],
    ['2025-01-30T15:49:55-08:00', '2025-01-30T23:49:55.000Z', -480, '2025-01-30T15:49:55-08:00'],
    ['2021-06-01T01:10:08', '2021-06-01T01:10:08.000Z', null, '2021-06-01T01:10:08'],
    ['2021-02-03T14:15Z', '2021-02-03T14:15:00.000Z', 0, '2021-02-03T14:15:00+00:00'],
    ['2020-02-01T00:13', '2020-02-01T00:13:00.000Z', null, '2020-02-01T00:13:00'],
    ['2026-05-16T15:49:01.964Z', '2026-05-16T15:49:01.964Z', 0, '2026-05-16T15:49:01+00:00'],
    ['2026-05-16T15:49:01.9Z', '2026-05-16T15:49:01.900Z', 0, '2026-05-16T15:49:01+00:00'],
    ['2026-05-16T15:49:01.123456789', '2026-05-16T15:49:01.123Z', null, '2026-05-16T15:49:01'],
    ['2024-05-01T08:00:00-06:59:58', '2024-05-01T15:00:00.000Z', -420, '2024-05-01T08:00:00-07:00'],
    ['2021-02-03T14:15-06:59:58', '2021-02-03T21:15:00.000Z', -420, '2021-02-03T14:15:00-07:00'],
    ['2024-05-01T08:00:00+05:30:02', '2024-05-01T02:30:00.000Z', 330, '2024-05-01T08:00:00+05:30'],
    ['2024-05-01T08:00:00-00:00:02', '2024-05-01T08:00:00.000Z', 0, '2024-05-01T08:00:00+00:00'],
    ['2024-05-01T08:00:00+05:29:30', '2024-05-01T02:30:00.000Z', 330, '2024-05-01T08:00:00+05:30'],
    ['2024-05-01T08:00:00-05:29:30', '2024-05-01T13:30:00.000Z', -330, '2024-05-01T08:00:00-05:30'],
    ['2024-05-01T08:00:00-05:29:29', '2024-05-01T13:29:00.000Z', -329, '2024-05-01T08:00:00-05:29'],
    ['2024-05-01 08:00-065958', '2024-05-01T15:00:00.000Z', -420, '2024-05-01T08:00:00-07:00'],
    ['2024-05-01T08:00:00+0530', '2024-05-01T02:30:00.000Z', 330, '2024-05-01T08:00:00+05:30'],
    ['2024-05-01T08:00:00-07', '2024-05-01T15:00:00.000Z', -420, '2024-05-01T08:00:00-07:00'],
    ['2024-05-01 08:00:00', '2024-05-01T08:00:00.000Z', null, '2024-05-01T08:00:00'],
    ['2024-05-01T08:00:00+14:00', '2024-04-30T18:00:00.000Z', 840, '2024-05-01T08:00:00+14:00'],
    ['2024-02-29T23:59:59-12:00', '2024-03-01T11:59:59.000Z', -720, '2024-02-29T23:59:59-12:00'],
    // The hour that Los Angeles skips.
    ['2026-03-08T02:30:00', '2026-03-08T02:30:00.000Z', null, '2026-03-08T02:30:00'],
  ]
  for (const [text, utc, offsetMinutes, local] of table)
    it(`reads ${text}`, () => {
      const time = parseWireTime(text)
      expect(time).to.include({ epochMs: Date.parse(utc), offsetMinutes })
      expect(time && instantOf(time)).to.equal(utc)
      expect(time && localTimeText(time)).to.equal(local)
    })

  const refused = [
    '',
    'yesterday',
    '2026-10-03',
    '2026-10-03T01',
    '2026-02-30T01:15:00',
    '2026-13-01T01:15:00',
    '2026-10-03T24:00:00',
    '2026-10-03T01:60:00',
    '2026-10-03T01:15:60',
    '2026-10-03T01:15:00.Z',
    '2026-10-03T01:15:00.1234567890Z',
    '2026-10-03T01:15:00z',
    '2026-10-03T01:15:00 -07:00',
    '2026-10-03T01:15:00+19:00',
    '2026-10-03T01:15:00+05:60',
    '2026-10-03T01:15:00-05:00:60',
    '2026-10-03T01:15:00+18:01',
    '9999-12-31T23:59:59-00:01',
    '2026-10-03T01:15:00Z\n',
    '0001-01-01T00:00:00',
    '1759453200',
  ]
  for (const text of refused)
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(parseWireTime(text)).to.equal(null)
    })

  it('reads what it would ask for, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (ms) => {
        expect(toQueryTime(ms)).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
        expect(parseWireTime(toQueryTime(ms))?.epochMs).to.equal(Math.floor(ms / 1000) * 1000)
      }),
    )
  })

  it('says its zone to dataRange alone', () => {
    expect(toSyncTime(Date.UTC(2026, 10, 1, 6, 30, 0, 999))).to.equal('2026-11-01T06:30:00Z')
  })

  it('tells the two half past ones of a night in November apart by their offset', () => {
    const both = ['2026-11-01T01:30:00-04:00', '2026-11-01T01:30:00-05:00'].map(parseWireTime)
    expect(both.map((time) => time?.wall)).to.deep.equal(['2026-11-01T01:30:00', '2026-11-01T01:30:00'])
    expect((both[1]?.epochMs ?? 0) - (both[0]?.epochMs ?? 0)).to.equal(3_600_000)
  })
})
