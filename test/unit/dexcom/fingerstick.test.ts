import { normaliseRecords } from '@bg-ingest/dexcom'
import { type Measurement, readingKey } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aFingerstick, NOW_MS, TRANSMITTER, without } from './wire.ts'

const read = (...records: readonly unknown[]) => normaliseRecords('manual', records, NOW_MS)

describe('the life of a fingerstick', () => {
  for (const eventStatus of ['created', 'updated', null, 'amended']) {
    it(`${eventStatus}: is a reading`, () => {
      const { measurements, deletions, rejected, unknownValues } = read(aFingerstick({ eventStatus }))
      expect(measurements).to.have.length(1)
      expect([deletions.length, rejected.size]).to.deep.equal([0, 0])
      expect([...unknownValues]).to.deep.equal(eventStatus === 'amended' ? [['eventStatus', 1]] : [])
    })
  }

  it('deleted: says what is taken back, and is neither read nor rejected', () => {
    const { measurements, deletions, rejected } = read(aFingerstick({ eventStatus: 'deleted' }))
    expect([measurements.length, rejected.size]).to.deep.equal([0, 0])
    expect(deletions).to.deep.equal([
      {
        timestamp: '2026-11-20T12:00:00.000Z',
        type: 'manual',
        device: { transmitterId: TRANSMITTER, generation: 'g7', display: 'iOS', app: null },
        recordId: 'b7c8d9e0-1a2b-4c3d-8e4f-5a6b7c8d9e0f',
      },
    ])
  })

  it('has one key, alive and deleted: what is stored can be found', () => {
    const keyOf = (item: Pick<Measurement, 'timestamp' | 'type' | 'device'> | undefined) => item && readingKey(item)
    const { measurements, deletions } = read(aFingerstick(), aFingerstick({ eventStatus: 'deleted', value: '' }))
    expect(keyOf(deletions[0])).to.be.a('string').that.equals(keyOf(measurements[0]))
  })

  for (const [name, changes] of [
    ['an empty value', { value: '' }],
    ['no number', { value: 'gone' }],
    ['a number, where text is due', { value: 112 }],
    ['a value out of range', { value: '-1.00' }],
    ['an unknown unit', { unit: 'grams' }],
    ['a unit of no text', { unit: 7 }],
  ] as const) {
    it(`is deleted with ${name} all the same`, () => {
      const { deletions, rejected } = read(aFingerstick({ eventStatus: 'deleted', ...changes }))
      expect([deletions.length, rejected.size]).to.deep.equal([1, 0])
    })
  }

  it('is deleted without a value', () => {
    expect(read(without(aFingerstick({ eventStatus: 'deleted' }), 'value')).deletions).to.have.length(1)
  })

  for (const [name, record, reason] of [
    ['no time', aFingerstick({ eventStatus: 'deleted', systemTime: 'soon' }), 'time'],
    ['a time to come', aFingerstick({ eventStatus: 'deleted', systemTime: '2099-01-01T00:00:00Z' }), 'future'],
    ['no recordId', without(aFingerstick({ eventStatus: 'deleted' }), 'recordId'), 'shape'],
  ] as const) {
    it(`takes nothing back by a deletion with ${name}`, () => {
      const { deletions, rejected } = read(record)
      expect(deletions).to.deep.equal([])
      expect([...rejected]).to.deep.equal([[reason, 1]])
    })
  }

  it('is not touched by what happens to insulin or carbs', () => {
    const { deletions, rejected } = read(
      aFingerstick({ eventType: 'insulin', eventStatus: 'deleted' }),
      aFingerstick({ eventType: 'carbs', eventStatus: 'amended' }),
    )
    expect([deletions.length, rejected.size]).to.deep.equal([0, 0])
  })
})
