import { normaliseRecords } from '@bg-ingest/dexcom'
import { expect } from 'chai'
import { anEgv, NOW_MS } from './wire.ts'

const ZONE = process.env.TZ

// Every shape of dexcom-api.md 4: written -> timestamp, localTime when it stands in displayTime.
const SHAPES = [
  ['2026-10-03T01:15:16', '2026-10-03T01:15:16.000Z', '2026-10-03T01:15:16'],
  ['2026-10-03T01:15:16Z', '2026-10-03T01:15:16.000Z', '2026-10-03T01:15:16+00:00'],
  ['2026-10-03T01:15:16-08:00', '2026-10-03T09:15:16.000Z', '2026-10-03T01:15:16-08:00'],
  ['2021-02-03T14:15Z', '2021-02-03T14:15:00.000Z', '2021-02-03T14:15:00+00:00'],
  ['2020-02-01T00:13', '2020-02-01T00:13:00.000Z', '2020-02-01T00:13:00'],
  ['2026-05-16T15:49:01.964Z', '2026-05-16T15:49:01.964Z', '2026-05-16T15:49:01+00:00'],
  ['2024-05-01T08:00:00-06:59:58', '2024-05-01T15:00:00.000Z', '2024-05-01T08:00:00-07:00'],
  ['2024-05-01T08:00:00+0530', '2024-05-01T02:30:00.000Z', '2024-05-01T08:00:00+05:30'],
  ['2024-05-01T08:00:00-07', '2024-05-01T15:00:00.000Z', '2024-05-01T08:00:00-07:00'],
  ['2026-03-08T02:30:00', '2026-03-08T02:30:00.000Z', '2026-03-08T02:30:00'],
] as const

describe('times of records', () => {
  for (const zone of ['America/Los_Angeles', 'Pacific/Apia', 'UTC']) {
    describe(`on a machine in ${zone}`, () => {
      before(() => {
        process.env.TZ = zone
      })
      after(() => {
        if (ZONE === undefined) delete process.env.TZ
        else process.env.TZ = ZONE
      })

      it('really is there', () => {
        expect(Intl.DateTimeFormat().resolvedOptions().timeZone).to.equal(zone)
      })

      for (const [text, timestamp, localTime] of SHAPES) {
        it(`reads ${text}`, () => {
          const record = anEgv({ systemTime: text, displayTime: text })
          const [reading] = normaliseRecords('cgm', [record], NOW_MS).measurements
          expect(reading).to.include({ timestamp, localTime })
        })
      }
    })
  }

  it('has no local time where the device showed none, or nonsense', () => {
    const records = [anEgv({ displayTime: null }), anEgv({ displayTime: 'noon' }), anEgv({ displayTime: '' })]
    const { measurements } = normaliseRecords('cgm', records, NOW_MS)
    expect(measurements.map(({ localTime }) => localTime)).to.deep.equal([null, null, null])
  })
})
