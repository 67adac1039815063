import { type Measurement, readingKey, type StoredReading } from '@bg-ingest/domain'
import { diffReadings } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { aMeasurement, aStoredReading } from '../../support/build.ts'

const COMMITTED = 1_000_000
const stored = (...readings: StoredReading[]) => new Map(readings.map((reading) => [readingKey(reading), reading]))
const without = (reading: Measurement): Measurement => ({
  ...reading,
  device: { ...reading.device, transmitterId: null },
})

describe('a record whose transmitter comes or goes', () => {
  const known = aStoredReading({ type: 'cgm' })
  for (const [name, before, after] of [
    ['goes', known, without(known)],
    ['comes', { ...known, ...without(known) } as StoredReading, known],
  ] as const) {
    it(`${name}: is the reading that is stored`, () => {
      const { differences, unchanged } = diffReadings([after], stored(before), COMMITTED)
      expect([differences, unchanged]).to.deep.equal([[], [after]])
    })

    it(`${name} and has another value: is an update under the key that is stored`, () => {
      const { differences } = diffReadings([{ ...after, glucose: 55 }], stored(before), COMMITTED)
      expect(differences.map(({ key, kind, revision }) => [key, kind, revision])).to.deep.equal([
        [readingKey(before), 'updated', before.revision + 1],
      ])
      expect(
        differences.map(({ measurement }) => readingKey(measurement)),
        'written there too',
      ).to.deep.equal([readingKey(before)])
    })
  }

  it('a fingerstick too: nothing is taken back for it', () => {
    const fingerstick = aStoredReading({ type: 'manual', transmitterTicks: null })
    const { differences } = diffReadings([without(fingerstick)], stored(fingerstick), COMMITTED)
    expect(differences).to.deep.equal([])
  })

  it('is another reading under another id, at another time, or of another type', () => {
    const bare = without(known)
    for (const other of [
      { ...bare, recordId: 'another' },
      { ...bare, timestamp: aMeasurement().timestamp },
      { ...bare, type: 'calibration' as const },
    ])
      expect(diffReadings([other], stored(known), COMMITTED).differences.map(({ kind }) => kind)).to.deep.equal([
        'created',
      ])
  })

  it('goes, while a second device shows the same measurement: still one reading', () => {
    const bare = aStoredReading({ ...without(aMeasurement()), transmitterTicks: 77 })
    const phone = { ...bare, device: { ...bare.device, transmitterId: 'a1b2c3' } }
    const watch = {
      ...aMeasurement({ transmitterTicks: 77 }),
      device: { ...phone.device, display: 'watch' },
    }
    const { differences } = diffReadings([watch, phone], stored(bare), COMMITTED)
    expect(differences).to.deep.equal([])
  })
})
