import {
  CHANGES_PER_RANGE,
  type Change,
  changeBytes,
  type ReadingKey,
  serviceEvent,
  toInstant,
  toPublicReading,
  toRanges,
  UserId,
} from '@bg-ingest/domain'
import { expect } from 'chai'
import fc from 'fast-check'
import { aStoredReading } from '../../support/build.ts'

const AT = toInstant(0)
const changes = (first: number, count: number): Change[] =>
  Array.from({ length: count }, (_, i) => ({
    sequence: first + i,
    kind: 'created',
    key: `k${first + i}` as ReadingKey,
  }))

describe('ranges of changes', () => {
  it('are none for no change', () => {
    expect(toRanges([], AT)).to.deep.equal([])
  })

  for (const [count, sizes] of [
    [1, [1]],
    [199, [199]],
    [200, [200]],
    [201, [200, 1]],
    [400, [200, 200]],
    [401, [200, 200, 1]],
  ] as const)
    it(`cuts ${count} changes into ${sizes.join(' + ')}`, () => {
      expect(toRanges(changes(1, count), AT).map((range) => range.changes.length)).to.deep.equal(sizes)
    })

  it('adjoin, hold every change once and in order, and none is larger than a message', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 1500 }), (first, count) => {
        const all = changes(first, count)
        const ranges = toRanges(all, AT)
        expect(ranges.flatMap((range) => range.changes)).to.deep.equal(all)
        let next = first
        for (const range of ranges) {
          expect(range.first).to.equal(next)
          expect(range.last - range.first + 1).to.equal(range.changes.length)
          expect(range.changes.length).to.be.within(1, CHANGES_PER_RANGE)
          expect(range.at).to.equal(AT)
          next = range.last + 1
        }
        expect(next).to.equal(first + count)
      }),
      { numRuns: 30 },
    )
  })

  it('never make a message of more than 128 KB, however long the names of devices', () => {
    const text = fc.string({ maxLength: 600 })
    const device = fc.record({ transmitterId: text, generation: text, display: fc.constant(null), app: text })
    const user = fc.constantFrom('a', 'u'.repeat(128)).map((id) => UserId.parse(id))
    fc.assert(
      fc.property(user, device, fc.integer({ min: 1, max: 450 }), (userId, over, count) => {
        const readings = changes(999_999_000_000, count).map(({ sequence }) =>
          aStoredReading({
            userId,
            sequence,
            device: over,
            type: 'calibration',
            trend: 'rateOutOfRange',
            bound: 'high',
          }),
        )
        const told = readings.map((reading) => ({
          sequence: reading.sequence,
          kind: 'updated' as const,
          reading: toPublicReading(reading),
        }))
        for (const [i, reading] of readings.entries())
          expect(Buffer.byteLength(JSON.stringify(told[i]))).to.be.below(changeBytes(reading))
        const sizes = readings.map(changeBytes)
        for (const { first, last } of toRanges(changes(999_999_000_000, count), AT, (_, i) => sizes[i] ?? 0)) {
          const data = {
            userId,
            fromSequence: first,
            toSequence: last,
            changes: told.slice(first - 999_999_000_000, last - 999_999_000_000 + 1),
          }
          const event = serviceEvent({ routingKey: 'readings.changed', time: AT, identity: 'x', data })
          expect(Buffer.byteLength(JSON.stringify(event))).to.be.at.most(128 * 1024)
        }
      }),
      { numRuns: 20 },
    )
  })
})
