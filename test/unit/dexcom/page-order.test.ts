import { normaliseRecords } from '@bg-ingest/dexcom'
import { expect } from 'chai'
import fc from 'fast-check'
import { aFingerstick, anEgv, NOW_MS } from './wire.ts'

const asSet = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item)).sort()
const asCounts = (counts: ReadonlyMap<string, number>) => [...counts].sort()

const timeOf = (slot: number) => new Date(NOW_MS - slot * 300_000).toISOString()
// F9: few ids, few times and few values, so that repeats, the same id with another value and the same time under another
// id come up by themselves; some records are bad.
const egv = fc
  .record({
    id: fc.nat(4),
    slot: fc.nat(4),
    value: fc.constantFrom(99, 100, null, 'abc', -5),
    trend: fc.constantFrom('flat', 'new'),
  })
  .map(({ id, slot, value, trend }) => anEgv({ recordId: `record-${id}`, systemTime: timeOf(slot), value, trend }))
const event = fc
  .record({
    id: fc.nat(4),
    slot: fc.nat(4),
    eventStatus: fc.constantFrom('created', 'updated', 'deleted'),
    value: fc.constantFrom('99', ''),
  })
  .map(({ id, slot, ...rest }) => aFingerstick({ recordId: `record-${id}`, systemTime: timeOf(slot), ...rest }))

describe('F9, F10: the order of a page', () => {
  for (const [type, record] of [
    ['cgm', egv],
    ['manual', event],
  ] as const) {
    it(`${type}: shuffled, newest first or oldest first, a page says the same (fast-check prints its seed)`, () => {
      const pageAndShuffle = fc
        .array(record, { maxLength: 40 })
        .chain((page) =>
          fc.tuple(fc.constant(page), fc.shuffledSubarray(page, { minLength: page.length, maxLength: page.length })),
        )
      fc.assert(
        fc.property(pageAndShuffle, ([page, shuffled]) => {
          const byTime = page.toSorted((a, b) => String(a.systemTime).localeCompare(String(b.systemTime)))
          const first = normaliseRecords(type, page, NOW_MS)
          for (const other of [shuffled, byTime, byTime.toReversed()]) {
            const result = normaliseRecords(type, other, NOW_MS)
            expect(asSet(result.measurements)).to.deep.equal(asSet(first.measurements))
            expect(asSet(result.deletions)).to.deep.equal(asSet(first.deletions))
            expect(asCounts(result.rejected)).to.deep.equal(asCounts(first.rejected))
            expect(asCounts(result.unknownValues)).to.deep.equal(asCounts(first.unknownValues))
          }
        }),
      )
    })
  }

  it('F9: nothing is dropped here, because only what is stored decides which of two is kept', () => {
    const records = [
      anEgv({ recordId: 'a', value: 100 }),
      anEgv({ recordId: 'a', value: 100 }),
      anEgv({ recordId: 'a', value: 110 }),
      anEgv({ recordId: 'b', value: 100 }),
    ]
    const { measurements } = normaliseRecords('cgm', records, NOW_MS)
    expect(measurements.map(({ recordId, glucose }) => `${recordId} ${glucose}`)).to.deep.equal([
      'a 100',
      'a 100',
      'a 110',
      'b 100',
    ])
  })
})
