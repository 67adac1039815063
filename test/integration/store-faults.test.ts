import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { AppError, type Change, type ReadingKey, readingKey, toInstant, toRanges } from '@bg-ingest/domain'
import { createAccountWriter, createDynamo, createReadingWriter, WRITE_LIMITS } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { aStoredReading, aUserId } from '../support/build.ts'
import { aClock } from '../support/clock.ts'
import { serverAt, useDynamo } from '../support/dynamo.ts'
import { type DynamoProxy, startDynamoProxy, WIRE_FAULTS } from '../support/dynamo-proxy.ts'
import { expectCode } from '../support/thrown.ts'

const TTL_MS = 15_000
const AT = toInstant(Date.parse('2026-11-20T11:00:00Z'))
const EVERYTHING = { fromMs: 0, toMs: Date.UTC(9999, 0) }
const held = () => undefined

describe('calls to DynamoDB that meet a fault on the wire', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()
  const opened: { proxy: DynamoProxy; close: () => void }[] = []

  afterEach(async () => {
    for (const { proxy, close } of opened.splice(0)) {
      close()
      await proxy.close()
    }
  })

  async function setUp() {
    const proxy = await startDynamoProxy(dynamo.endpoint)
    const client = createDynamo({ ...serverAt(proxy.url), ...WRITE_LIMITS })
    opened.push({ proxy, close: () => client.destroy() })
    const clock = aClock()
    const userId = aUserId('fault')
    const accounts = createAccountWriter(client, dynamo.tables.accounts, clock.now)
    const readings = createReadingWriter(client, { table: dynamo.tables.readings, retentionDays: 0, now: clock.now })
    const take = async (id: string) =>
      (await accounts.takeLease(userId, id, { ttlMs: TTL_MS, revive: false })) ?? expect.fail('not free')
    const state = async () =>
      (await client.send(new GetCommand({ TableName: dynamo.tables.accounts, Key: { userId, item: 'state' } }))).Item
    return { proxy, clock, userId, accounts, readings, take, state }
  }
  const changes = (keys: readonly ReadingKey[]) =>
    toRanges(
      keys.map((key, index): Change => ({ sequence: index + 1, kind: 'created', key })),
      AT,
    )

  for (const fault of WIRE_FAULTS)
    it(`are tried again when ${fault}: every write happens once, none is taken for another's`, async () => {
      const { proxy, userId, accounts, readings, take } = await setUp()
      for (const operation of ['UpdateItem', 'PutItem', 'BatchWriteItem', 'BatchGetItem', 'Query'])
        proxy.hit(operation, fault)
      const { fence } = await take('ours')
      const lease = { id: 'ours', fence }
      expect(fence).to.equal(1)
      proxy.hit('UpdateItem', fault)
      expect(await accounts.renewLease(userId, lease, TTL_MS)).to.equal(true)
      const all = [1, 2, 3].map((sequence) => aStoredReading({ userId, sequence }))
      const [one, two, three] = all.map(readingKey)
      if (!one || !two || !three) return expect.fail()
      await accounts.appendRanges(userId, lease, changes([one, two, three]))
      proxy.hit('PutItem', fault)
      await readings.write(lease, all.slice(0, 1), held)
      await readings.writeAbsent(lease, all.slice(1, 2), held)
      proxy.hit('UpdateItem', fault)
      await readings.seal(userId, lease, new Map([[three, 3]]), held)
      expect([...(await readings.between(userId, EVERYTHING)).values()]).to.deep.equal(all.slice(0, 2))
      expect((await readings.byKeys(userId, [one, two, three])).size).to.equal(2)
      proxy.hit('UpdateItem', fault)
      await accounts.finish(userId, lease, { committedSequence: 3 })
      expect((await take('next')).state.committedSequence).to.equal(3)
      await expectCode(
        accounts.finish(userId, lease, {}).then(() => accounts.finish(userId, { ...lease, id: 'other' }, {})),
        'lease_lost',
      )
    })

  it('are given up after two seconds, each, and tried again', async () => {
    const { proxy, userId, readings } = await setUp()
    proxy.hit('PutItem', 'hang')
    const startedAt = performance.now()
    await readings.write({ id: 'a', fence: 1 }, [aStoredReading({ userId })], held)
    expect(performance.now() - startedAt).to.be.within(1_900, 2_900)
    expect(proxy.calls).to.deep.equal(['PutItem', 'PutItem'])
  })

  it('are not tried again once the lease is over', async () => {
    const { proxy, userId, accounts, readings } = await setUp()
    proxy.hit('PutItem', 'failed', 'failed', 'failed')
    let asked = 0
    const stillHeld = () => {
      asked += 1
      // Twice a try: before it is built, and before it is sent.
      if (asked > 4) throw new AppError('lease_lost', 'over')
    }
    await expectCode(readings.write({ id: 'a', fence: 1 }, [aStoredReading({ userId })], stillHeld), 'lease_lost')
    expect(proxy.calls).to.deep.equal(['PutItem', 'PutItem'])
    asked = 2
    await expectCode(
      accounts.appendRanges(userId, { id: 'a', fence: 1, stillHeld }, changes(['k' as ReadingKey])),
      'lease_lost',
    )
    expect(proxy.calls).to.have.length(3)
  })

  it('are not sent where the lease ends while they are being built and signed', async () => {
    const { proxy, userId, readings } = await setUp()
    let asked = 0
    const endsWhileSigning = () => {
      asked += 1
      if (asked === 2) throw new AppError('lease_lost', 'over')
    }
    const lease = { id: 'a', fence: 1 }
    await expectCode(readings.write(lease, [aStoredReading({ userId })], endsWhileSigning), 'lease_lost')
    asked = 0
    await expectCode(readings.writeAbsent(lease, [aStoredReading({ userId })], endsWhileSigning), 'lease_lost')
    expect([asked, proxy.calls]).to.deep.equal([2, []])
  })

  it('fail at once where DynamoDB finds the request itself wrong', async () => {
    const { proxy, readings } = await setUp()
    const nobody = aStoredReading({ userId: '' as never })
    const error = await readings.write({ id: 'a', fence: 1 }, [nobody], held).catch((err: Error) => err.name)
    expect(error).to.equal('ValidationException')
    expect(proxy.calls).to.deep.equal(['PutItem'])
  })

  it('are not made for an item that is larger than DynamoDB takes', async () => {
    const { proxy, userId, accounts, readings } = await setUp()
    const long = aStoredReading({ userId, localTime: 'x'.repeat(410_000) })
    await expectCode(readings.write({ id: 'a', fence: 1 }, [long], held), 'internal_error')
    await expectCode(readings.writeAbsent({ id: 'a', fence: 1 }, [long], held), 'internal_error')
    const key = 'k'.repeat(3_000) as ReadingKey
    await expectCode(
      accounts.appendRanges(userId, { id: 'a', fence: 1 }, changes(Array(200).fill(key))),
      'internal_error',
    )
    expect(proxy.calls).to.deep.equal([])
  })

  it('give up where the fault stays, and say what it was', async () => {
    const { proxy, userId, readings } = await setUp()
    proxy.hit('PutItem', ...Array.from({ length: 20 }, () => 'throttled' as const))
    const error = await readings
      .write({ id: 'a', fence: 1 }, [aStoredReading({ userId })], held)
      .catch((err: Error) => err.name)
    expect(error).to.equal('ProvisionedThroughputExceededException')
    expect(proxy.calls).to.have.length(8)
  })

  describe('and of which a first try lands late', () => {
    it('do not shorten a lease that was renewed since', async () => {
      const { clock, userId, accounts, take, state } = await setUp()
      const lease = { id: 'ours', fence: (await take('ours')).fence }
      clock.advance(5_000)
      await accounts.renewLease(userId, lease, TTL_MS)
      const until = (await state())?.['leaseExpiresAt']
      // As it was sent at the start: it would end the lease five seconds sooner.
      clock.advance(-5_000)
      expect(await accounts.renewLease(userId, lease, TTL_MS)).to.equal(true)
      expect(await state()).to.have.property('leaseExpiresAt', until)
    })

    it('do not write over a later change of the same run', async () => {
      const { userId, readings } = await setUp()
      const lease = { id: 'a', fence: 3 }
      const early = aStoredReading({ userId, sequence: 5, glucose: 100 })
      await readings.write(lease, [early], held)
      await readings.write(lease, [{ ...early, sequence: 6, glucose: 120 }], held)
      await expectCode(readings.write(lease, [early], held), 'lease_lost')
      expect([...(await readings.between(userId, EVERYTHING)).values()]).to.have.nested.property('[0].glucose', 120)
    })

    it('are known as ours also where two runs have come and one has gone since', async () => {
      const { userId, accounts, take } = await setUp()
      const first = { id: 'first', fence: (await take('first')).fence }
      await accounts.finish(userId, first, { committedSequence: 1 })
      await accounts.finish(userId, { id: 'second', fence: (await take('second')).fence }, { committedSequence: 2 })
      await take('third')
      await accounts.finish(userId, first, { committedSequence: 1 })
      expect((await accounts.takeLease(userId, 'third', { ttlMs: TTL_MS, revive: false }))?.state).to.have.property(
        'committedSequence',
        2,
      )
    })
  })

  it('are repeated while DynamoDB leaves everything out, five rounds long, and then end', async () => {
    const clock = aClock()
    const client = dynamo.client()
    let rounds = 0
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if (!context.commandName?.startsWith('BatchWrite') || rounds === 5) return next(args)
        rounds += 1
        const { RequestItems } = args.input as { RequestItems: unknown }
        return { response: {}, output: { $metadata: {}, UnprocessedItems: RequestItems } as never }
      },
      { step: 'initialize', name: 'leaveAllOut' },
    )
    const readings = createReadingWriter(client, { table: dynamo.tables.readings, retentionDays: 0, now: clock.now })
    const userId = aUserId('left-out')
    const all = [1, 2, 3].map((sequence) => aStoredReading({ userId, sequence }))
    await readings.writeAbsent({ id: 'a', fence: 1 }, all, held)
    expect([...(await readings.between(userId, EVERYTHING)).values()]).to.deep.equal(all)
    expect(rounds).to.equal(5)
  })
})
