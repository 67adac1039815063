import { normaliseRecords, REJECT_REASONS } from '@bg-ingest/dexcom'
import { expect } from 'chai'
import fc from 'fast-check'
import { aFingerstick, anEgv, isMeasurement, NOW_MS, TRANSMITTER, without } from './wire.ts'

const types = ['cgm', 'calibration', 'manual'] as const

describe('normaliseRecords: a page', () => {
  it('stores 287 of 288 where one is bad', () => {
    const records = Array.from({ length: 288 }, (_, i) =>
      anEgv({ recordId: `r${i}`, ...(i === 100 && { value: 'abc' }) }),
    )
    const { measurements, rejected } = normaliseRecords('cgm', records, NOW_MS)
    expect(measurements).to.have.length(287)
    expect([...rejected]).to.deep.equal([['shape', 1]])
  })

  it('counts rejections by reason and keeps the order of the page', () => {
    const records = [anEgv({ recordId: 'b' }), anEgv({ value: null }), anEgv({ recordId: 'a' }), anEgv({ value: null })]
    const { measurements, rejected } = normaliseRecords('cgm', records, NOW_MS)
    expect(measurements.map(({ recordId }) => recordId)).to.deep.equal(['b', 'a'])
    expect([...rejected]).to.deep.equal([['value_missing', 2]])
  })

  it('is total: anything in, measurements and known reasons out (fast-check prints its seed)', () => {
    const field = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('mg/dL', 'mmol/L', '2026-11-20T14:40Z', 'bloodGlucose', -0, 5e-324),
    )
    const record = fc.dictionary(fc.constantFrom(...Object.keys({ ...anEgv(), ...aFingerstick() })), field)
    const mostlyGood = record.map((changes) => ({ ...anEgv(), ...changes }))
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.array(fc.oneof(fc.jsonValue(), record, mostlyGood)),
        (type, records) => {
          const { measurements, deletions, rejected } = normaliseRecords(type, records, NOW_MS)
          const counted = [...rejected.values()].reduce((sum, n) => sum + n, 0)
          return (
            measurements.every(isMeasurement) &&
            [...rejected.keys()].every((reason) => REJECT_REASONS.includes(reason)) &&
            measurements.length + deletions.length + counted <= records.length
          )
        },
      ),
    )
  })
})

describe('normaliseRecords: calibration', () => {
  it('is a reading without an arrow', () => {
    const record = without(without(anEgv({ value: 96, unit: null, trend: 'flat' }), 'displayApp'), 'trendRate')
    const [calibration] = normaliseRecords('calibration', [record], NOW_MS).measurements
    expect(calibration).to.deep.include({
      type: 'calibration',
      glucose: 96,
      trend: null,
      trendRate: null,
      transmitterTicks: 85273,
      device: { transmitterId: TRANSMITTER, generation: 'g7', display: 'iOS', app: null },
    })
  })
})

describe('normaliseRecords: manual', () => {
  const one = (record: unknown) => {
    const { measurements, rejected } = normaliseRecords('manual', [record], NOW_MS)
    return measurements[0] ?? [...rejected.keys()][0] ?? 'ignored'
  }

  it('is a fingerstick that a person typed in', () => {
    expect(one(aFingerstick())).to.deep.include({
      type: 'manual',
      glucose: 112,
      trend: null,
      trendRate: null,
      transmitterTicks: null,
      timestamp: '2026-11-20T12:00:00.000Z',
    })
  })

  for (const [value, unit, expected] of [
    ['112', 'mg/dL', 112],
    ['112.5', 'mg/dL', 113],
    ['6.2', 'mmol/L', 112],
    ['-1.00', 'mg/dL', 'value_range'],
    ['1001', 'mg/dL', 'value_range'],
    ['', 'mg/dL', 'value_missing'],
    [null, 'mg/dL', 'value_missing'],
    ['abc', 'mg/dL', 'shape'],
    ['1e2', 'mg/dL', 'shape'],
    ['0x70', 'mg/dL', 'shape'],
    [' 112', 'mg/dL', 'shape'],
    ['112 mg', 'mg/dL', 'shape'],
    [112, 'mg/dL', 'shape'],
    ['112', null, 112],
    ['6.2', null, 'unit'],
  ] as const) {
    it(`reads ${JSON.stringify(value)} ${unit} as ${expected}`, () => {
      const outcome = one(aFingerstick({ value, unit }))
      expect(typeof outcome === 'object' ? outcome.glucose : outcome).to.equal(expected)
    })
  }

  for (const eventType of ['insulin', 'carbs', 'exercise', 'health', 'notes', 'note', 'newThing']) {
    it(`passes over ${eventType}, whatever it says`, () => {
      expect(one(without(aFingerstick({ eventType, value: 7, systemTime: '' }), 'recordId'))).to.equal('ignored')
    })
  }

  it('counts an event of no type', () => {
    expect(one(without(aFingerstick(), 'eventType'))).to.equal('shape')
  })
})
