import { READING_TYPES, type ReadingType, readingKey, type StoredReading, toInstant } from '@bg-ingest/domain'
import { createReadingReader, type RangeQuery } from '@bg-ingest/store/read'
import { createReadingWriter } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { aStoredReading, aUserId } from '../support/build.ts'
import { aClock } from '../support/clock.ts'
import { type Units, useDynamo } from '../support/dynamo.ts'

const BASE_MS = Date.parse('2026-11-20T00:00:00Z')
const at = (minute: number) => toInstant(BASE_MS + minute * 60_000)
const LEASE = { id: 'lease', fence: 1 }

describe('ranges of readings, read from DynamoDB', () => {
  const dynamo = useDynamo()

  async function setUp(minutes: number, typeOf: (minute: number) => ReadingType = () => 'cgm', retentionDays = 0) {
    const clock = aClock(BASE_MS)
    const units: Units[] = []
    const userId = aUserId('range')
    const client = dynamo.client((used) => units.push(used))
    const writer = createReadingWriter(client, { table: dynamo.tables.readings, retentionDays, now: clock.now })
    const reader = createReadingReader(client, dynamo.tables.readings, clock.now)
    const all = Array.from({ length: minutes }, (_, m) => aStoredReading({ userId, timestamp: at(m), type: typeOf(m) }))
    await writer.writeAbsent(LEASE, all, () => undefined)
    units.length = 0
    const query = (over: Partial<RangeQuery> = {}) =>
      reader.range({
        userId,
        from: at(0),
        to: at(1e6),
        order: 'asc',
        limit: 1000,
        types: new Set(READING_TYPES),
        ...over,
      })
    /** Every page there is, as a caller walks them. */
    const walk = async (over: Partial<RangeQuery>) => {
      const pages: (readonly StoredReading[])[] = []
      let after: string | undefined
      do {
        const page = await query({ ...over, after })
        pages.push(page.readings)
        after = page.last ?? undefined
      } while (after)
      return pages
    }
    return { clock, units, userId, client, writer, reader, all, query, walk }
  }

  it('are half-open', async () => {
    const { all, query } = await setUp(5)
    expect((await query({ from: at(1), to: at(3) })).readings).to.deep.equal(all.slice(1, 3))
    expect((await query({ from: at(1), to: at(1) })).readings).to.deep.equal([])
  })

  for (const order of ['asc', 'desc'] as const)
    it(`come in pages, ${order}, each reading once`, async () => {
      const { all, walk } = await setUp(10)
      const pages = await walk({ order, limit: 4 })
      expect(pages.map((page) => page.length)).to.deep.equal([4, 4, 2])
      expect(pages.flat()).to.deep.equal(order === 'asc' ? all : [...all].reverse())
    })

  it('say that no more follow where the limit is exactly met', async () => {
    const { all, query } = await setUp(4)
    expect(await query({ limit: 4 })).to.deep.equal({ readings: all, last: null })
    const page = await query({ limit: 3 })
    expect(page.readings).to.deep.equal(all.slice(0, 3))
    expect(page.last).to.equal(all[2] && readingKey(all[2]))
  })

  it('keep their pages while a late reading lands among them', async () => {
    const { all, userId, writer, query } = await setUp(6)
    const first = await query({ order: 'desc', limit: 3 })
    const late = aStoredReading({ userId, timestamp: toInstant(BASE_MS + 90_000) })
    await writer.write(LEASE, [late], () => undefined)
    const second = await query({ order: 'desc', limit: 10, after: first.last ?? undefined })
    const sorted = [...all.slice(0, 2), late, ...all.slice(2, 3)]
    expect(second.readings).to.deep.equal(sorted.reverse())
  })

  it('hold readings of one instant once each, also over the edge of a page', async () => {
    const { userId, writer, walk } = await setUp(0)
    const same = ['a', 'b', 'c', 'd', 'e'].map((transmitterId) =>
      aStoredReading({ userId, timestamp: at(1), device: { transmitterId } }),
    )
    await writer.write(LEASE, same, () => undefined)
    for (const order of ['asc', 'desc'] as const) {
      const found = (await walk({ order, limit: 2 })).flat()
      expect(found.map(readingKey).sort()).to.deep.equal(same.map(readingKey).sort())
    }
  })

  it('hold the types that were asked for, however rare', async () => {
    const { all, units, query, walk } = await setUp(600, (minute) => (minute % 150 === 149 ? 'calibration' : 'cgm'))
    const calibrations = all.filter(({ type }) => type === 'calibration')
    const types = new Set(['calibration'] as const)
    expect((await query({ types })).readings).to.deep.equal(calibrations)
    expect(await walk({ types, limit: 3, order: 'desc' })).to.deep.equal([
      [...calibrations.slice(1)].reverse(),
      calibrations.slice(0, 1),
    ])
    expect((await query({ types: new Set(['manual']) })).readings).to.deep.equal([])
    // Growing pages: 600 readings take a few queries, not one for each two.
    expect(units.length).to.be.below(30)
    for (const page of await walk({ types, limit: 4 })) expect(page).to.have.length(4)
  })

  it('leave out what has expired, to the second', async () => {
    const { clock, query, reader, userId, all } = await setUp(2, () => 'cgm', 1)
    clock.advance(86_400_000 - 1)
    expect((await query()).readings).to.deep.equal(all)
    clock.advance(1)
    expect((await query()).readings).to.deep.equal(all.slice(1))
    clock.advance(60_000)
    expect((await query()).readings).to.deep.equal([])
    expect(await reader.latest(userId)).to.equal(null)
  })

  it('are read strongly consistent', async () => {
    const { units, query } = await setUp(40)
    await query()
    // 40 readings of some 300 bytes are 3 to 4 units of 4 KB, half of that if read eventually.
    expect(units.map(({ operation }) => operation)).to.deep.equal(['Query'])
    expect(units[0]?.units).to.be.at.least(2.5)
  })

  it('are one person’s', async () => {
    await setUp(3)
    const { query } = await setUp(0)
    expect((await query()).readings).to.deep.equal([])
  })

  describe('the latest', () => {
    it('is the newest of type cgm, behind however many others', async () => {
      const { all, reader, userId } = await setUp(20, (minute) =>
        minute <= 9 ? 'cgm' : minute % 2 ? 'manual' : 'calibration',
      )
      expect(await reader.latest(userId)).to.deep.equal(all[9])
    })

    it('is null where there is none', async () => {
      const { reader, userId } = await setUp(2, () => 'manual')
      expect(await reader.latest(userId)).to.equal(null)
      expect(await reader.latest(aUserId())).to.equal(null)
    })

    it('costs one small query', async () => {
      const { units, reader, userId } = await setUp(300)
      await reader.latest(userId)
      expect(units).to.have.length(1)
      expect(units[0]?.units).to.equal(1)
    })
  })
})
