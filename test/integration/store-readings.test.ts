import { setTimeout as delay } from 'node:timers/promises'
import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { readingKey, type StoredReading, toInstant, type UserId } from '@bg-ingest/domain'
import { createReadingWriter } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { aStoredReading, aUserId } from '../support/build.ts'
import { aClock } from '../support/clock.ts'
import { type Units, useDynamo } from '../support/dynamo.ts'
import { injectFaults } from '../support/dynamo-faults.ts'
import { expectCode } from '../support/thrown.ts'

const lease = (fence: number) => ({ id: `lease-${fence}`, fence })
const held = () => undefined
const over = () => {
  throw new Error('over')
}
const BASE_MS = Date.parse('2026-11-20T00:00:00Z')
const WHOLE = { fromMs: BASE_MS, toMs: BASE_MS + 400 * 86_400_000 }

/** `count` readings of one person, one second apart. */
const someReadings = (userId: UserId, count: number, over: Partial<StoredReading> = {}): StoredReading[] =>
  Array.from({ length: count }, (_, i) =>
    aStoredReading({ userId, timestamp: toInstant(BASE_MS + i * 1000), sequence: i + 1, ...over }),
  )

describe('readings, written to DynamoDB', () => {
  const dynamo = useDynamo()

  function setUp(retentionDays = 0) {
    const clock = aClock()
    const units: Units[] = []
    const client = dynamo.client((used) => units.push(used))
    const table = dynamo.tables.readings
    const readings = createReadingWriter(client, { table, retentionDays, now: clock.now })
    const raw = async ({ userId, ...reading }: StoredReading) =>
      (await client.send(new GetCommand({ TableName: table, Key: { userId, readingKey: readingKey({ ...reading }) } })))
        .Item
    return { clock, client, readings, raw, units, userId: aUserId('reading') }
  }

  it('come back as they were written, nulls and all', async () => {
    const { readings, userId } = setUp()
    const full = aStoredReading({
      userId,
      bound: 'high',
      glucose: 401,
      localTime: '2026-11-20T01:00:00+01:00',
      revision: 2,
    })
    const bare = aStoredReading({
      userId,
      trend: null,
      trendRate: null,
      transmitterTicks: null,
      type: 'manual',
      device: { transmitterId: null, generation: null, display: null, app: null },
    })
    await readings.write(lease(1), [full, bare], held)
    expect([...(await readings.between(userId, WHOLE)).values()]).to.deep.equal([full, bare])
  })

  describe('one by one', () => {
    it('pass with the same or a newer fence, and fail behind a newer one', async () => {
      const { readings, raw, userId } = setUp()
      const reading = aStoredReading({ userId })
      await readings.write(lease(5), [reading], held)
      await readings.write(lease(5), [{ ...reading, glucose: 55 }], held)
      await readings.write(lease(6), [{ ...reading, glucose: 66 }], held)
      await expectCode(readings.write(lease(5), [{ ...reading, glucose: 77 }], held), 'lease_lost')
      expect(await raw(reading)).to.include({ glucose: 66, fence: 6 })
    })

    it('are repeated by the SDK without harm where the answer was lost', async () => {
      const { client, readings, userId } = setUp()
      const faults = injectFaults(client)
      faults.loseAnswerOf('PutItem')
      await readings.write(lease(1), someReadings(userId, 2), held)
      expect(faults.lost).to.equal(1)
      expect(await readings.between(userId, WHOLE)).to.have.property('size', 2)
    })

    it('stop once the lease is over', async () => {
      const { readings, userId } = setUp()
      let asked = 0
      const soonOver = () => {
        asked += 1
        // Sixteen ask at once before they are built, and one of them again before it is sent.
        if (asked > 17) over()
      }
      const error = await readings
        .write(lease(1), someReadings(userId, 40), soonOver)
        .catch((err: Error) => err.message)
      expect(error).to.equal('over')
      expect((await readings.between(userId, WHOLE)).size).to.be.within(1, 39)
    })

    it('have all ended when one of them has failed', async () => {
      const { client, readings, userId } = setUp()
      const [refused, ...others] = someReadings(userId, 16)
      if (!refused) return expect.fail()
      await readings.write(lease(2), [refused], held)
      let running = 0
      client.middlewareStack.add(
        (next) => async (args) => {
          running += 1
          // The refused one answers long before the others.
          if ((args.input as { Item?: { sequence?: number } }).Item?.sequence !== refused.sequence) await delay(100)
          return next(args).finally(() => {
            running -= 1
          })
        },
        { step: 'initialize', name: 'slow' },
      )
      await expectCode(readings.write(lease(1), [refused, ...others], held), 'lease_lost')
      expect(running).to.equal(0)
    })
  })

  describe('in batches', () => {
    it('are all written, 260 of them', async () => {
      const { readings, units, userId } = setUp()
      const all = someReadings(userId, 260)
      await readings.writeAbsent(lease(1), all, held)
      expect([...(await readings.between(userId, WHOLE)).values()]).to.deep.equal(all)
      expect(units.filter(({ operation }) => operation === 'BatchWriteItem')).to.have.length(11)
      expect(units.filter(({ operation }) => operation === 'PutItem')).to.have.length(0)
    })

    it('stop once the lease is over', async () => {
      const { readings, userId } = setUp()
      const error = await readings
        .writeAbsent(lease(1), someReadings(userId, 30), over)
        .catch((err: Error) => err.message)
      expect(error).to.equal('over')
      expect(await readings.between(userId, WHOLE)).to.have.property('size', 0)
    })

    it('are written again where DynamoDB left some out', async () => {
      const { client, readings, units, userId } = setUp()
      injectFaults(client).leaveOutOf('BatchWriteItem')
      const all = someReadings(userId, 20)
      await readings.writeAbsent(lease(1), all, held)
      expect([...(await readings.between(userId, WHOLE)).values()]).to.deep.equal(all)
      expect(units.filter(({ operation }) => operation === 'BatchWriteItem')).to.have.length(2)
    })

    it('carry their fence, so that an older run cannot overwrite them', async () => {
      const { readings, userId } = setUp()
      const [reading] = someReadings(userId, 1)
      if (!reading) return expect.fail()
      await readings.writeAbsent(lease(3), [reading], held)
      await expectCode(readings.write(lease(2), [reading], held), 'lease_lost')
    })
  })

  describe('found again', () => {
    it('between two instants: the first inside, the last outside, nobody else’s', async () => {
      const { readings, userId } = setUp()
      const all = someReadings(userId, 4)
      await readings.write(lease(1), [...all, ...someReadings(aUserId(), 4)], held)
      const found = await readings.between(userId, { fromMs: BASE_MS + 1000, toMs: BASE_MS + 3000 })
      expect([...found]).to.deep.equal(all.slice(1, 3).map((reading) => [readingKey(reading), reading]))
    })

    it('between two instants, by strongly consistent reads, over many pages', async () => {
      const { readings, units, userId } = setUp()
      // DynamoDB ends a page at 1 MB; notes of 4 KB make 400 readings two pages.
      const all = someReadings(userId, 400, { localTime: 'x'.repeat(4_000) })
      await readings.writeAbsent(lease(1), all, held)
      expect([...(await readings.between(userId, WHOLE)).values()]).to.deep.equal(all)
      const queries = units.filter(({ operation }) => operation === 'Query')
      expect(queries.length).to.be.at.least(2)
      // 1.7 MB cost 1 unit for each 4 KB, half of that if read eventually.
      expect(queries.reduce((sum, used) => sum + used.units, 0)).to.be.at.least(400)
    })

    it('by key, 250 of them, without those that are not there', async () => {
      const { readings, userId } = setUp()
      const all = someReadings(userId, 250)
      await readings.writeAbsent(lease(1), all, held)
      const absent = readingKey(aStoredReading({ timestamp: toInstant(BASE_MS + 9e8) }))
      const found = await readings.byKeys(userId, [absent, ...all.map(readingKey)])
      expect(found.size).to.equal(250)
      for (const reading of all) expect(found.get(readingKey(reading))).to.deep.equal(reading)
      expect(await readings.byKeys(userId, [])).to.have.property('size', 0)
    })

    it('by key, all of them, where DynamoDB left some out', async () => {
      const { client, readings, userId } = setUp()
      const all = someReadings(userId, 20)
      await readings.writeAbsent(lease(1), all, held)
      injectFaults(client).leaveOutOf('BatchGetItem')
      expect(await readings.byKeys(userId, all.map(readingKey))).to.have.property('size', 20)
    })

    it('not once they have expired, to the second', async () => {
      const { clock, readings, raw, userId } = setUp(1)
      const reading = aStoredReading({ userId, timestamp: toInstant(clock.now() + 999) })
      await readings.write(lease(1), [reading], held)
      expect(await raw(reading)).to.have.property('expiresAt', clock.now() / 1000 + 86_400)
      clock.advance(86_400_000 - 1)
      expect(await readings.between(userId, WHOLE)).to.have.property('size', 1)
      clock.advance(1)
      expect(await readings.between(userId, WHOLE)).to.have.property('size', 0)
    })

    it('for ever where retention is 0', async () => {
      const { readings, raw, userId } = setUp(0)
      const reading = aStoredReading({ userId })
      await readings.write(lease(1), [reading], held)
      expect(await raw(reading)).not.to.have.property('expiresAt')
    })
  })

  describe('erased', () => {
    it('are all of one person’s, and counted', async () => {
      const { readings, userId } = setUp()
      const other = aUserId()
      await readings.writeAbsent(lease(1), [...someReadings(userId, 260), ...someReadings(other, 1)], held)
      expect(await readings.eraseAll(userId, held)).to.equal(260)
      expect(await readings.eraseAll(userId, held)).to.equal(0)
      expect(await readings.between(userId, WHOLE)).to.have.property('size', 0)
      expect(await readings.between(other, WHOLE)).to.have.property('size', 1)
    })

    it('stop once the lease is over', async () => {
      const { readings, userId } = setUp()
      await readings.write(lease(1), someReadings(userId, 2), held)
      expect(await readings.eraseAll(userId, over).catch((err: Error) => err.message)).to.equal('over')
      expect(await readings.between(userId, WHOLE)).to.have.property('size', 2)
    })
  })
})
