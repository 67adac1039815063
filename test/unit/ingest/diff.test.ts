import { type Measurement, readingKey, type StoredReading, toInstant } from '@bg-ingest/domain'
import { diffReadings } from '@bg-ingest/ingest'
import { expect } from 'chai'
import fc from 'fast-check'
import { aMeasurement, aStoredReading } from '../../support/build.ts'

const stored = (...readings: StoredReading[]) => new Map(readings.map((reading) => [readingKey(reading), reading]))
const at = (text: string) => toInstant(Date.parse(text))
const COMMITTED = 1_000_000
const summary = (measurements: readonly Measurement[], known: ReturnType<typeof stored>, committed = COMMITTED) => {
  const { differences, unchanged } = diffReadings(measurements, known, committed)
  return { differences: differences.map(({ kind, revision }) => `${kind} ${revision}`), unchanged: unchanged.length }
}

describe('diff of what Dexcom sent with what is stored', () => {
  it('creates what is new', () => {
    expect(summary([aMeasurement(), aMeasurement()], stored())).to.deep.equal({
      differences: ['created 1', 'created 1'],
      unchanged: 0,
    })
  })

  it('leaves alone what is stored, also under another record id, device or local time', () => {
    const reading = aStoredReading()
    const again = {
      ...reading,
      recordId: 'after a reconnect',
      localTime: '2026-11-20T00:00:00',
      device: { ...reading.device, app: null },
    }
    expect(summary([reading, again], stored(reading))).to.deep.equal({ differences: [], unchanged: 2 })
  })

  for (const [what, change] of Object.entries({
    glucose: { glucose: 55 },
    trend: { trend: null },
    rate: { trendRate: -3 },
  }))
    it(`updates where the ${what} is another, one revision on`, () => {
      const reading = aStoredReading({ revision: 3 })
      expect(summary([{ ...reading, ...change }], stored(reading)).differences).to.deep.equal(['updated 4'])
    })

  it('tells again what nobody was told: its sequence lies above the committed one', () => {
    const first = aStoredReading({ sequence: 11 })
    const second = aStoredReading({ sequence: 12, revision: 2 })
    const told = aStoredReading({ sequence: 10 })
    const result = summary([first, second, told], stored(first, second, told), 10)
    expect(result).to.deep.equal({ differences: ['created 1', 'updated 2'], unchanged: 1 })
  })

  it('answers in order of time, whatever the order of the page', () => {
    const measurements = [aMeasurement(), aMeasurement(), aMeasurement()]
    const { differences } = diffReadings([...measurements].reverse(), stored(), COMMITTED)
    expect(differences.map(({ measurement }) => measurement)).to.deep.equal(measurements)
  })

  it('keeps one of a record that comes twice in a page', () => {
    const measurement = aMeasurement()
    expect(summary([measurement, { ...measurement }], stored())).to.deep.equal({
      differences: ['created 1'],
      unchanged: 1,
    })
  })
})

describe('twins: one measurement uploaded by phone and receiver', () => {
  const phone = aMeasurement({ timestamp: at('2026-11-20T10:00:03Z'), recordId: 'z', transmitterTicks: 77 })
  const receiver = aMeasurement({
    ...phone,
    timestamp: at('2026-11-20T10:00:00Z'),
    recordId: 'a',
    device: { ...phone.device, display: 'receiver' },
  })

  it('are kept once, as the phone has it', () => {
    for (const page of [
      [phone, receiver],
      [receiver, phone],
    ]) {
      const { differences, unchanged } = diffReadings(page, stored(), COMMITTED)
      expect(differences.map(({ measurement }) => measurement)).to.deep.equal([phone])
      expect(unchanged).to.deep.equal([receiver])
    }
  })

  it('stay as the one that was stored first', () => {
    const known = stored(aStoredReading({ ...receiver }))
    expect(summary([phone], known)).to.deep.equal({ differences: [], unchanged: 1 })
    expect(summary([phone, receiver], known)).to.deep.equal({ differences: [], unchanged: 2 })
  })

  it('are not what has other ticks, another transmitter, another type, or no ticks at all', () => {
    const others = [
      { ...receiver, transmitterTicks: 78 },
      { ...receiver, device: { ...receiver.device, transmitterId: 'another' } },
      { ...receiver, type: 'calibration' as const },
      { ...receiver, transmitterTicks: null },
    ]
    for (const other of others) expect(summary([phone, other], stored()).differences).to.have.length(2)
    const ticksAlone = [phone, receiver].map((twin) => ({ ...twin, transmitterTicks: null }))
    expect(summary(ticksAlone, stored()).differences).to.have.length(2)
  })

  it('are not two true readings four seconds apart, around a calibration', () => {
    const before = aMeasurement({ timestamp: at('2026-11-20T11:00:00Z'), glucose: 77, transmitterTicks: 1_000 })
    const after = aMeasurement({
      ...before,
      timestamp: at('2026-11-20T11:00:04Z'),
      glucose: 119,
      transmitterTicks: 1_004,
    })
    expect(summary([before, after], stored()).differences).to.deep.equal(['created 1', 'created 1'])
  })
})

describe('the plan', () => {
  // Few seconds, ticks and transmitters, so that keys and twins meet often.
  const measurement = fc
    .record({
      second: fc.integer({ min: 0, max: 5 }),
      ticks: fc.option(fc.integer({ min: 0, max: 4 })),
      transmitterId: fc.constantFrom('t1', 't2', null),
      display: fc.constantFrom('iOS', 'android', 'receiver', null),
      glucose: fc.constantFrom(77, 119),
      recordId: fc.constantFrom('r1', 'r2', 'r3'),
    })
    .map(({ second, ticks, transmitterId, display, glucose, recordId }) =>
      aMeasurement({
        timestamp: toInstant(Date.parse('2026-11-20T12:00:00Z') + second * 1000),
        transmitterTicks: ticks,
        device: { transmitterId, display },
        glucose,
        recordId,
        localTime: null,
      }),
    )
  const page = fc.array(measurement, { maxLength: 12 })
  const shuffled = page.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
  )
  const content = ({ glucose, transmitterTicks, recordId, device }: Measurement) => [
    glucose,
    transmitterTicks,
    recordId,
    device.display === 'iOS' || device.display === 'android',
  ]

  it('does not depend on the order of the page', () => {
    fc.assert(
      fc.property(shuffled, page, ([all, again], before) => {
        const known = stored(...storedFrom(before))
        const plan = (input: readonly Measurement[]) =>
          diffReadings(input, known, 3).differences.map(({ key, kind, revision, measurement }) => [
            key,
            kind,
            revision,
            ...content(measurement),
          ])
        expect(plan(again)).to.deep.equal(plan(all))
      }),
    )
  })

  it('once carried out leaves nothing to do, and never flips between two uploads', () => {
    fc.assert(
      fc.property(shuffled, ([all, again]) => {
        const known = stored(...storedFrom(all))
        expect(diffReadings(again, known, COMMITTED).differences).to.deep.equal([])
      }),
    )
  })

  it('accounts for every record: each is a difference or unchanged', () => {
    fc.assert(
      fc.property(page, (all) => {
        const { differences, unchanged } = diffReadings(all, stored(), COMMITTED)
        expect(differences.length + unchanged.length).to.equal(all.length)
        expect(new Set(differences.map(({ key }) => key)).size).to.equal(differences.length)
      }),
    )
  })

  function storedFrom(measurements: readonly Measurement[]): StoredReading[] {
    const { differences } = diffReadings(measurements, stored(), COMMITTED)
    return differences.map(({ measurement }, index) => aStoredReading({ ...measurement, sequence: index + 1 }))
  }
})
