import { CHANGES_PER_RANGE, type Change, type ReadingKey, toInstant, toRanges } from '@bg-ingest/domain'
import { expect } from 'chai'
import fc from 'fast-check'

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
})
