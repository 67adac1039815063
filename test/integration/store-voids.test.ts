import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { READING_TYPES, readingKey, type StoredReading, toInstant } from '@bg-ingest/domain'
import { createReadingReader } from '@bg-ingest/store/read'
import { createReadingWriter } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { aStoredReading, aUserId } from '../support/build.ts'
import { aClock } from '../support/clock.ts'
import { useDynamo } from '../support/dynamo.ts'
import { expectCode } from '../support/thrown.ts'

const held = () => undefined
const lease = (fence: number) => ({ id: `lease-${fence}`, fence })
const EVERYTHING = { fromMs: 0, toMs: Date.UTC(9999, 0) }

describe('keys that a crashed run had claimed, sealed on DynamoDB', () => {
  const dynamo = useDynamo()

  function setUp() {
    const clock = aClock()
    const client = dynamo.client()
    const table = dynamo.tables.readings
    const userId = aUserId('void')
    const readings = createReadingWriter(client, { table, retentionDays: 0, now: clock.now })
    const reader = createReadingReader(client, table, clock.now)
    const raw = async (reading: StoredReading) =>
      (await client.send(new GetCommand({ TableName: table, Key: { userId, readingKey: readingKey(reading) } }))).Item
    const seal = (fence: number, reading: StoredReading, claimed = reading.sequence) =>
      readings.seal(userId, lease(fence), new Map([[readingKey(reading), claimed]]), held)
    const inRange = async () => {
      const query = { from: toInstant(0), to: toInstant(EVERYTHING.toMs), order: 'asc', limit: 10 } as const
      return (await reader.range({ ...query, userId, types: new Set(READING_TYPES) })).readings
    }
    return { clock, client, userId, readings, reader, raw, seal, inRange }
  }

  it('that are empty hold a void: it keeps the older run out, lasts a day and is in no answer', async () => {
    const { clock, userId, readings, reader, raw, seal, inRange } = setUp()
    const claimed = aStoredReading({ userId, sequence: 7 })
    await seal(5, claimed)
    expect(await raw(claimed)).to.deep.equal({
      userId,
      readingKey: readingKey(claimed),
      fence: 5,
      void: true,
      expiresAt: clock.now() / 1000 + 86_400,
    })
    await expectCode(readings.write(lease(4), [claimed], held), 'lease_lost')
    expect(await readings.between(userId, EVERYTHING)).to.have.property('size', 0)
    expect(await readings.byKeys(userId, [readingKey(claimed)])).to.have.property('size', 0)
    expect(await reader.latest(userId)).to.equal(null)
    expect(await inRange()).to.deep.equal([])
  })

  it('take a reading again, from the run that sealed them or a later one, by itself or in a batch', async () => {
    for (const fence of [5, 6])
      for (const write of ['write', 'writeAbsent'] as const) {
        const { userId, readings, raw, seal, inRange } = setUp()
        const claimed = aStoredReading({ userId, sequence: 7 })
        await seal(5, claimed)
        const again = { ...claimed, sequence: 9 }
        await readings[write](lease(fence), [again], held)
        expect(await inRange()).to.deep.equal([again])
        expect(await raw(again)).not.to.have.any.keys('void', 'expiresAt')
      }
  })

  it('that hold an earlier revision keep it, under the new fence', async () => {
    const { userId, readings, raw, seal, inRange } = setUp()
    const before = aStoredReading({ userId, sequence: 3, glucose: 100 })
    await readings.write(lease(2), [before], held)
    await seal(5, before, 7)
    expect(await inRange()).to.deep.equal([before])
    expect(await raw(before)).to.include({ fence: 5, sequence: 3 })
    await expectCode(readings.write(lease(4), [{ ...before, sequence: 7, glucose: 120 }], held), 'lease_lost')
    expect(await inRange()).to.deep.equal([before])
  })

  it('that stand at their claimed number are left alone', async () => {
    const { userId, readings, raw, seal } = setUp()
    const landed = aStoredReading({ userId, sequence: 7 })
    await readings.write(lease(4), [landed], held)
    await seal(5, landed)
    expect(await raw(landed)).to.include({ fence: 4, sequence: 7 })
  })

  it('are looked at again where the older run lands between the look and the mark', async () => {
    const { client, userId, readings, seal, inRange } = setUp()
    const late = aStoredReading({ userId, sequence: 7 })
    let landed = false
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName?.startsWith('Update') && !landed) {
          landed = true
          await readings.write(lease(4), [late], held)
        }
        return next(args)
      },
      { step: 'initialize', name: 'landLate' },
    )
    await seal(5, late)
    expect(landed).to.equal(true)
    expect(await inRange()).to.deep.equal([late])
  })

  it('are not sealed by a run that was itself overtaken', async () => {
    const { userId, readings, seal } = setUp()
    const newer = aStoredReading({ userId, sequence: 3 })
    await readings.write(lease(6), [newer], held)
    await expectCode(seal(5, newer, 7), 'lease_lost')
  })

  it('go with everything else when a person is erased', async () => {
    const { userId, readings, raw, seal } = setUp()
    const claimed = aStoredReading({ userId })
    await seal(5, claimed)
    await readings.eraseAll(userId, held)
    expect(await raw(claimed)).to.equal(undefined)
  })
})

describe('readings that Dexcom took back, on DynamoDB', () => {
  const dynamo = useDynamo()

  it('are in no answer but for the flows and the feed', async () => {
    const clock = aClock()
    const client = dynamo.client()
    const userId = aUserId('deleted')
    const readings = createReadingWriter(client, { table: dynamo.tables.readings, retentionDays: 0, now: clock.now })
    const reader = createReadingReader(client, dynamo.tables.readings, clock.now)
    const [kept, gone] = [aStoredReading({ userId }), aStoredReading({ userId, deleted: true })]
    await readings.write(lease(1), [kept, gone], held)
    const query = { userId, from: toInstant(0), to: toInstant(EVERYTHING.toMs), types: new Set(READING_TYPES) }
    expect((await reader.range({ ...query, order: 'asc', limit: 1 })).readings).to.deep.equal([kept])
    expect((await reader.range({ ...query, order: 'asc', limit: 1 })).last).to.equal(null)
    expect(await reader.latest(userId)).to.deep.equal(kept)
    expect((await readings.byKeys(userId, [readingKey(gone)])).get(readingKey(gone))).to.deep.equal(gone)
    expect((await readings.between(userId, EVERYTHING)).get(readingKey(gone))).to.deep.equal(gone)
  })
})
