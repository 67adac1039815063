import { randomUUID } from 'node:crypto'
import { QueryCommand } from '@aws-sdk/lib-dynamodb'
import { type Change, type ReadingKey, toInstant, toRanges } from '@bg-ingest/domain'
import { createAccountReader } from '@bg-ingest/store/read'
import { createAccountWriter } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { aConnection, aUserId } from '../support/build.ts'
import { useDynamo } from '../support/dynamo.ts'
import { injectFaults } from '../support/dynamo-faults.ts'
import { expectCode } from '../support/thrown.ts'

const AT = toInstant(Date.parse('2026-11-20T11:00:00Z'))
const aLease = (fence = 1) => ({ id: randomUUID(), fence })
const ranges = (first: number, last: number) =>
  toRanges(
    Array.from(
      { length: last - first + 1 },
      (_, i): Change => ({ sequence: first + i, kind: 'created', key: `key-${first + i}` as ReadingKey }),
    ),
    AT,
  )

describe('accounts, on DynamoDB', () => {
  const dynamo = useDynamo()

  function setUp() {
    const client = dynamo.client()
    const userId = aUserId('account')
    const accounts = createAccountWriter(client, dynamo.tables.accounts, Date.now)
    const reader = createAccountReader(client, dynamo.tables.accounts)
    const items = async () => {
      const query = {
        TableName: dynamo.tables.accounts,
        KeyConditionExpression: 'userId = :u',
        ExpressionAttributeValues: { ':u': userId },
      }
      return ((await client.send(new QueryCommand({ ...query, ConsistentRead: true }))).Items ?? []).map(
        ({ item }) => item,
      )
    }
    return { client, userId, accounts, reader, items }
  }

  describe('a connection', () => {
    it('comes back as it was written', async () => {
      const { userId, accounts } = setUp()
      expect(await accounts.connection(userId)).to.equal(null)
      const notice = { id: 'n', routingKey: 'connection.connected', region: 'EU', at: AT, reason: null } as const
      const connection = aConnection({
        userId,
        region: 'EU',
        dexcomUserId: 'd',
        pollIntervalSeconds: 60,
        notices: [notice],
      })
      await accounts.createConnection(connection, aLease())
      expect(await accounts.connection(userId)).to.deep.equal(connection)
    })

    it('is not overwritten by a run with an older fence', async () => {
      const { userId, accounts } = setUp()
      await accounts.createConnection(aConnection({ userId }), aLease(3))
      await accounts.putConnection(aConnection({ userId, region: 'same' }), aLease(3))
      await accounts.putConnection(aConnection({ userId, region: 'newer' }), aLease(4))
      await expectCode(accounts.putConnection(aConnection({ userId }), aLease(3)), 'lease_lost')
      await expectCode(accounts.createConnection(aConnection({ userId }), aLease(3)), 'lease_lost')
      expect(await accounts.connection(userId)).to.have.property('region', 'newer')
    })

    it('does not come back by a late write, once erased', async () => {
      const { userId, accounts, items } = setUp()
      await accounts.createConnection(aConnection({ userId }), aLease(1))
      await accounts.eraseLog(userId, () => undefined)
      await expectCode(accounts.putConnection(aConnection({ userId }), aLease(1)), 'lease_lost')
      expect(await items()).to.deep.equal([])
    })

    it('is shown to the API without its tokens and notices', async () => {
      const { userId, accounts, reader } = setUp()
      expect(await reader.account(userId)).to.deep.include({ connection: null })
      await accounts.createConnection(aConnection({ userId }), aLease())
      const taken = await accounts.takeLease(userId, 'lease', { ttlMs: 15_000, revive: false })
      await accounts.finish(userId, { id: 'lease', fence: taken?.fence ?? 0 }, { committedSequence: 4 })
      await accounts.appendRanges(userId, aLease(), ranges(1, 4))
      const { connection, state } = await reader.account(userId)
      const {
        tokens: _tokens,
        notices: _notices,
        refusals: _refusals,
        codeId: _codeId,
        ...visible
      } = aConnection({ userId })
      expect(connection).to.deep.equal(visible)
      expect(JSON.stringify(connection)).not.to.contain('sealed')
      expect(state.committedSequence).to.equal(4)
    })
  })

  describe('the log', () => {
    it('gives ranges in order of sequence, from above a number on, a page at a time', async () => {
      const { userId, accounts } = setUp()
      const all = ranges(1, 2_000)
      await accounts.appendRanges(userId, aLease(), all)
      expect(await accounts.rangesAfter(userId, 0, 50)).to.deep.equal(all)
      expect(await accounts.rangesAfter(userId, 200, 2)).to.deep.equal(all.slice(1, 3))
      expect(await accounts.rangesAfter(userId, 2_000, 50)).to.deep.equal([])
    })

    it('is one person’s', async () => {
      const [one, other] = [setUp(), setUp()]
      await one.accounts.appendRanges(one.userId, aLease(), ranges(1, 1))
      expect(await other.accounts.rangesAfter(other.userId, 0, 50)).to.deep.equal([])
    })

    it('gives a number to one run only, also where the ranges are of other length', async () => {
      const { userId, accounts } = setUp()
      await accounts.appendRanges(userId, aLease(2), ranges(1, 3))
      await expectCode(accounts.appendRanges(userId, aLease(1), ranges(1, 1)), 'lease_lost')
      await expectCode(accounts.appendRanges(userId, aLease(3), ranges(1, 900)), 'lease_lost')
      expect(await accounts.rangesAfter(userId, 0, 50)).to.deep.equal(ranges(1, 3))
    })

    it('lets one of ten that claim at once through', async () => {
      const { userId, accounts } = setUp()
      const claims = Array.from({ length: 10 }, () => accounts.appendRanges(userId, aLease(), ranges(1, 401)))
      const outcomes = await Promise.allSettled(claims)
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
      expect(await accounts.rangesAfter(userId, 0, 50)).to.deep.equal(ranges(1, 401))
    })

    it('knows its own claim again where the answer was lost', async () => {
      const { client, userId, accounts } = setUp()
      const faults = injectFaults(client)
      faults.loseAnswerOf('PutItem')
      await accounts.appendRanges(userId, aLease(), ranges(1, 201))
      expect(faults.lost).to.equal(1)
      expect(await accounts.rangesAfter(userId, 0, 50)).to.deep.equal(ranges(1, 201))
    })
  })

  describe('erasing', () => {
    it('deletes log and connection, leaves the state for the tombstone, and is safe to repeat', async () => {
      const { userId, accounts, items } = setUp()
      await accounts.takeLease(userId, 'lease', { ttlMs: 15_000, revive: false })
      await accounts.createConnection(aConnection({ userId }), aLease())
      await accounts.appendRanges(userId, aLease(), ranges(1, 401))
      expect(await items()).to.have.length(5)
      await accounts.eraseLog(userId, () => undefined)
      expect(await items()).to.deep.equal(['state'])
      await accounts.eraseLog(userId, () => undefined)
    })

    it('stops once the lease is over', async () => {
      const { userId, accounts, items } = setUp()
      await accounts.appendRanges(userId, aLease(), ranges(1, 1))
      const over = () => {
        throw new Error('over')
      }
      expect(await accounts.eraseLog(userId, over).catch((err: Error) => err.message)).to.equal('over')
      expect(await items()).to.have.length(1)
    })
  })
})
