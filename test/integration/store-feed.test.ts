import { readingKey, type StoredReading } from '@bg-ingest/domain'
import { createFeedReader, type FeedPage } from '@bg-ingest/store/read'
import { expect } from 'chai'
import { useDynamo } from '../support/dynamo.ts'
import { ago, aWorld, HOUR_MS } from '../support/world.ts'

const MINUTE_MS = 60_000

describe('the change feed, read from DynamoDB', () => {
  const dynamo = useDynamo()

  async function setUp(retentionDays = 0) {
    const world = aWorld(dynamo, { retentionDays })
    await world.connect()
    const feed = createFeedReader(dynamo.client(), dynamo.tables, world.clock.now)
    const changes = (after: number, limit = 1000) => feed.changes(world.userId, after, limit)
    /** Every page there is, as a consumer walks them. */
    const walk = async (limit: number) => {
      const pages: FeedPage[] = []
      let after = 0
      do {
        const page = await changes(after, limit)
        pages.push(page)
        after = page.through
      } while (after < (pages.at(-1)?.latestSequence ?? 0))
      return pages
    }
    return { ...world, changes, walk, world }
  }
  const sequences = ({ changes }: FeedPage) => changes.map(({ sequence }) => sequence)

  it('is empty for a person without readings', async () => {
    const { changes } = await setUp()
    expect(await changes(0)).to.deep.equal({ through: 0, latestSequence: 0, changes: [] })
  })

  it('holds every reading once, in order of sequence, whatever the size of a page', async () => {
    const { world, walk, stored } = await setUp()
    for (let n = 0; n < 3; n += 1) {
      world.dexcom.add(...Array.from({ length: 5 }, (_, i) => ago(world, (20 - n * 5 - i) * MINUTE_MS)))
      await world.sync()
    }
    const bySequence = [...(await stored()).values()].sort((a, b) => a.sequence - b.sequence)
    for (const limit of [1, 2, 3, 4, 7, 1000]) {
      const pages = await walk(limit)
      expect(
        pages.every(({ changes }) => changes.length <= limit),
        `at most ${limit}`,
      ).to.equal(true)
      const told = pages.flatMap(({ changes }) => changes)
      expect(
        told.map(({ reading }) => reading),
        `limit ${limit}`,
      ).to.deep.equal(bySequence)
      expect(told.every(({ kind, sequence, reading }) => kind === 'created' && sequence === reading.sequence)).to.equal(
        true,
      )
    }
  })

  it('goes on inside an item of the log', async () => {
    const { world, changes } = await setUp()
    world.dexcom.add(...Array.from({ length: 5 }, (_, i) => ago(world, (10 + i) * MINUTE_MS)))
    await world.sync()
    const page = await changes(2, 2)
    expect(sequences(page)).to.deep.equal([3, 4])
    expect(page).to.include({ through: 4, latestSequence: 5 })
    expect(sequences(await changes(page.through, 2))).to.deep.equal([5])
  })

  it('leaves a change out where a later one supersedes it, and still covers its sequence', async () => {
    const { world, changes } = await setUp()
    const reading = ago(world, 10 * MINUTE_MS, { glucose: 100 })
    world.dexcom.add(reading, ago(world, 5 * MINUTE_MS))
    await world.sync()
    world.dexcom.add({ ...reading, glucose: 130 })
    await world.sync()
    const page = await changes(0)
    expect(page).to.include({ through: 3, latestSequence: 3 })
    expect(page.changes.map(({ sequence, kind }) => [sequence, kind])).to.deep.equal([
      [2, 'created'],
      [3, 'updated'],
    ])
    expect(page.changes.at(-1)?.reading.glucose).to.equal(130)
    expect(await changes(0, 1)).to.deep.include({ through: 1, changes: [] })
  })

  it('shows nothing that is claimed and not committed', async () => {
    const { world, changes, accounts, userId } = await setUp()
    world.dexcom.add(ago(world, 10 * MINUTE_MS))
    await world.sync()
    const taken = await accounts.takeLease(userId, 'frozen', { ttlMs: 1000, revive: false })
    const [stored] = (await world.stored()).values()
    const claimed = { ...(stored as StoredReading), sequence: 2 }
    const lease = { id: 'frozen', fence: taken?.fence ?? 0 }
    const change = { sequence: 2, kind: 'updated' as const, key: readingKey(claimed) }
    await accounts.appendRanges(userId, lease, [{ first: 2, last: 2, at: claimed.receivedAt, changes: [change] }])
    expect(await changes(0)).to.include({ through: 1, latestSequence: 1 })
  })

  it('tells nothing more of what retention has ended, and still covers its sequence', async () => {
    const { world, changes } = await setUp(1)
    world.dexcom.add(ago(world, 23 * HOUR_MS), ago(world, 10 * MINUTE_MS))
    await world.sync({}, world.ports, 1)
    world.clock.advance(2 * HOUR_MS)
    const page = await changes(0)
    expect(sequences(page)).to.deep.equal([2])
    expect(page.through).to.equal(2)
  })

  it('lets a caller who is further than the feed see that', async () => {
    const { world, changes } = await setUp()
    world.dexcom.add(ago(world, 10 * MINUTE_MS))
    await world.sync()
    expect(await changes(7)).to.deep.equal({ through: 7, latestSequence: 1, changes: [] })
  })
})
