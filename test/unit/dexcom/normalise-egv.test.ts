import { normaliseRecords } from '@bg-ingest/dexcom'
import { expect } from 'chai'
import { anEgv, isMeasurement, NOW_MS, TRANSMITTER, without } from './wire.ts'

const one = (record: unknown) => {
  const { measurements, rejected } = normaliseRecords('cgm', [record], NOW_MS)
  expect(measurements.every(isMeasurement)).to.equal(true)
  return measurements[0] ?? [...rejected.keys()][0]
}

describe('normaliseRecords: cgm', () => {
  it('maps every field of a phone record', () => {
    expect(one(anEgv())).to.deep.equal({
      timestamp: '2026-11-20T14:49:55.000Z',
      localTime: '2026-11-20T09:49:55-05:00',
      glucose: 101,
      bound: null,
      trend: 'flat',
      trendRate: 0.3,
      type: 'cgm',
      device: { transmitterId: TRANSMITTER, generation: 'g7', display: 'iOS', app: 'G7' },
      recordId: '6d0f4a1e-8f0b-4d43-9c1f-0a6a3b7c2e10',
      transmitterTicks: 85273,
    })
  })

  for (const [value, glucose, bound] of [
    [39, 39, 'low'],
    [12, 39, 'low'],
    [0, 39, 'low'],
    [40, 40, null],
    [39.4, 39, 'low'],
    [100.5, 101, null],
    [100.49, 100, null],
    [400, 400, null],
    [401, 401, 'high'],
    [1000, 401, 'high'],
  ] as const) {
    it(`reads ${value} mg/dL as ${glucose}, bound ${bound}`, () => {
      expect(one(anEgv({ value }))).to.include({ glucose, bound })
    })
  }

  for (const [value, unit, expected] of [
    [5.6, 'mmol/L', 101],
    [22.2, 'mmol/L', 400],
    [2.1, 'mmol/L', 39],
    [56, 'mmol/L', 'value_range'],
    [101, 'unknown', 101],
    [101, null, 101],
    [39, 'unknown', 39],
    [5.6, 'unknown', 'unit'],
    [5.6, null, 'unit'],
    [101, 'MG/DL', 101],
    [101, 'grams', 'unit'],
  ] as const) {
    it(`reads ${value} with unit ${unit} as ${expected}`, () => {
      const outcome = one(anEgv({ value, unit }))
      expect(typeof outcome === 'object' ? outcome.glucose : outcome).to.equal(expected)
    })
  }

  it('reads a record without a unit as mg/dL', () => {
    expect(one(without(anEgv(), 'unit'))).to.include({ glucose: 101 })
  })

  for (const [name, record, reason] of [
    ['a null value', anEgv({ value: null }), 'value_missing'],
    ['no value', without(anEgv(), 'value'), 'value_missing'],
    ['a negative value', anEgv({ value: -5 }), 'value_range'],
    ['a value above 1000', anEgv({ value: 1001 }), 'value_range'],
    ['1e309', JSON.parse(JSON.stringify(anEgv({ value: 7 })).replace('"value":7', '"value":1e309')), 'value_range'],
    ['a textual value', anEgv({ value: 'abc' }), 'shape'],
    ['no systemTime', without(anEgv(), 'systemTime'), 'shape'],
    ['an unreadable systemTime', anEgv({ systemTime: 'yesterday' }), 'time'],
    ['30 February', anEgv({ systemTime: '2026-02-30T10:00:00Z' }), 'time'],
    ['a systemTime in 2099', anEgv({ systemTime: '2099-01-01T00:00:00Z' }), 'future'],
    ['no recordId', without(anEgv(), 'recordId'), 'shape'],
    ['null', null, 'shape'],
    ['a text', 'egv', 'shape'],
    ['a list', [], 'shape'],
  ] as const) {
    it(`rejects ${name} as ${reason}`, () => {
      expect(one(record)).to.equal(reason)
    })
  }

  it('takes a clock ten minutes ahead, and no more', () => {
    expect(one(anEgv({ systemTime: new Date(NOW_MS + 600_000).toISOString() }))).to.be.an('object')
    expect(one(anEgv({ systemTime: new Date(NOW_MS + 600_001).toISOString() }))).to.equal('future')
  })

  for (const [trend, expected] of [
    ['doubleUp', 'doubleUp'],
    ['notComputable', 'notComputable'],
    ['sideways', 'unknown'],
    ['', 'unknown'],
    [4, 'unknown'],
    [null, null],
  ] as const) {
    it(`reads trend ${JSON.stringify(trend)} as ${expected}`, () => {
      expect(one(anEgv({ trend }))).to.include({ trend: expected })
    })
  }

  it('takes absent trend and rate as null', () => {
    expect(one(without(without(anEgv(), 'trend'), 'trendRate'))).to.include({ trend: null, trendRate: null })
  })

  it('converts the rate where Dexcom sends mmol/L per minute', () => {
    expect(one(anEgv({ trendRate: 0.1, rateUnit: 'mmol/L/min' }))).to.include({ trendRate: 1.802 })
  })

  it('reads an empty transmitterId as none', () => {
    expect(one(anEgv({ transmitterId: '' }))).to.have.nested.property('device.transmitterId', null)
  })

  for (const [ticks, expected] of [
    [72364324786, 72364324786],
    [1.5, null],
    ['85273', null],
    [null, null],
  ] as const) {
    it(`reads transmitterTicks ${JSON.stringify(ticks)} as ${expected}`, () => {
      expect(one(anEgv({ transmitterTicks: ticks }))).to.include({ transmitterTicks: expected })
    })
  }

  it('keeps the reading where only its decoration is odd', () => {
    const odd = { trendRate: '0.3', displayTime: 7, displayApp: {}, transmitterGeneration: 7, transmitterTicks: 'x' }
    expect(one(anEgv(odd))).to.deep.include({ glucose: 101, trendRate: null, localTime: null, transmitterTicks: null })
  })

  it('keeps what is newer than its lists', () => {
    expect(one(anEgv({ transmitterGeneration: 'g8', status: 'ok', displayDevice: 'watch' }))).to.deep.include({
      device: { transmitterId: TRANSMITTER, generation: 'g8', display: 'watch', app: 'G7' },
    })
  })

  it('cuts texts that are too long for a table', () => {
    const outcome = one(anEgv({ recordId: 'x'.repeat(10_000), displayApp: 'y'.repeat(10_000) }))
    expect(outcome).to.have.property('recordId').with.length(200)
    expect(outcome).to.have.nested.property('device.app').with.length(200)
  })

  it('takes nothing from a planted prototype', () => {
    const planted = JSON.parse(JSON.stringify(without(anEgv(), 'value')).replace('{', '{"__proto__":{"value":55},'))
    expect(one(planted)).to.equal('value_missing')
  })
})
