import { normaliseRecords } from '@bg-ingest/dexcom'
import { KNOWN_VALUES } from '@bg-ingest/dexcom-contract'
import { TRENDS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aFingerstick, anEgv, NOW_MS, without } from './wire.ts'

const page = (type: 'cgm' | 'calibration' | 'manual', ...records: readonly unknown[]) =>
  normaliseRecords(type, records, NOW_MS)

describe('values that Dexcom lists', () => {
  // As printed on Dexcom's page and seen in the wild (dexcom-api.md 3.2), by hand: the code must not be its own witness.
  const listed = {
    trend: TRENDS,
    status: ['unknown', 'high', 'low', 'ok', null],
    unit: ['mg/dL', 'mmol/L', 'unknown', null],
    rateUnit: ['mg/dL/min', 'mmol/L/min', 'unknown', null],
    transmitterGeneration: 'unknown g4 g5 g6 g6+ g6Pro dexcomPro g7 g715day'.split(' ').concat('g6 pro'),
    displayDevice: 'unknown receiver iOS android shareReceiver touchscreenReceiver'.split(' '),
  } as const
  for (const [field, values] of Object.entries(listed)) {
    for (const value of values) {
      it(`knows ${field} ${value}`, () => {
        expect([...page('cgm', anEgv({ [field]: value })).unknownValues]).to.deep.equal([])
      })
    }
    it(`counts a ${field} that is new, an empty one and one of no text`, () => {
      const records = ['brandNew', '', 7].map((value) => anEgv({ [field]: value }))
      const odd = field === 'displayDevice' ? 2 : 3
      expect(page('cgm', ...records).unknownValues.get(field as 'trend')).to.equal(odd)
    })
    it(`takes no ${field} for no value`, () => {
      expect(page('cgm', without(anEgv(), field)).unknownValues.size).to.equal(0)
    })
  }

  for (const [field, values] of [
    ['eventStatus', ['created', 'updated', 'deleted', null]],
    ['eventType', ['insulin', 'carbs', 'exercise', 'health', 'bloodGlucose', 'notes', 'note', 'unknown']],
  ] as const) {
    it(`knows every ${field} and counts a new one`, () => {
      const known = values.map((value) => aFingerstick({ [field]: value }))
      expect([...page('manual', ...known, aFingerstick({ [field]: 'brandNew' })).unknownValues]).to.deep.equal([
        [field, 1],
      ])
    })
  }

  it('are named as the contract names them', () => {
    expect(KNOWN_VALUES).to.have.all.keys(
      ...['trend', 'status', 'unit', 'rateUnit', 'eventStatus', 'eventType', 'transmitterGeneration', 'displayDevice'],
      ...['alertName', 'alertState'],
    )
  })

  it('never cost a reading, but for its unit', () => {
    const odd = {
      trend: 'sideways',
      status: 'fine',
      rateUnit: 'mg/dL/h',
      displayDevice: 'watch',
      transmitterGeneration: 'g8',
    }
    const { measurements, unknownValues } = page('cgm', anEgv(odd))
    expect(measurements[0]).to.deep.include({ trend: 'unknown', trendRate: null, glucose: 101 })
    expect(measurements[0]?.device).to.include({ display: 'watch', generation: 'g8' })
    expect(Object.fromEntries(unknownValues)).to.deep.equal({
      trend: 1,
      status: 1,
      rateUnit: 1,
      displayDevice: 1,
      transmitterGeneration: 1,
    })
  })

  for (const type of ['cgm', 'calibration', 'manual'] as const) {
    it(`${type}: a new unit is set aside and counted, never guessed at`, () => {
      const record = type === 'manual' ? aFingerstick({ unit: 'mg/l' }) : anEgv({ unit: 'mg/l' })
      const { measurements, rejected, unknownValues } = page(type, record)
      expect(measurements).to.deep.equal([])
      expect([...rejected]).to.deep.equal([['unit', 1]])
      expect(unknownValues.get('unit')).to.equal(1)
    })
  }

  it('names fields alone: no value of a person gets into the counts', () => {
    const records = [anEgv({ trend: 'CANARY' }), anEgv({ unit: 'CANARY' }), anEgv({ value: 'CANARY' })]
    const { rejected, unknownValues } = page('cgm', ...records)
    expect(JSON.stringify([[...rejected], [...unknownValues]])).to.not.include('CANARY')
  })

  for (const [trendRate, rateUnit, expected] of [
    [0.3, 'mg/dL/min', 0.3],
    [0.3, null, 0.3],
    [-3.1, 'unknown', -3.1],
    [0.1, 'mmol/L/min', 1.802],
    [0.3, 'mg/dL/h', null],
    [1e300, 'mg/dL/min', null],
    [5e-324, 'mg/dL/min', 0],
    [-5e-324, 'mg/dL/min', 0],
    [Number.POSITIVE_INFINITY, 'mg/dL/min', null],
  ] as const) {
    it(`reads rate ${trendRate} ${rateUnit} as ${expected}`, () => {
      expect(page('cgm', anEgv({ trendRate, rateUnit })).measurements[0]?.trendRate).to.equal(expected)
    })
  }

  for (const trendRate of [-8, -3, -2, -1, 0, 1, 2, 3, 8]) {
    it(`derives no arrow from a rate of ${trendRate}`, () => {
      expect(page('cgm', anEgv({ trend: null, trendRate })).measurements[0]?.trend).to.equal(null)
    })
  }
})
