import { randomUUID } from 'node:crypto'
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { toInstant } from '@bg-ingest/domain'
import { createAccountReader, createReadingReader } from '@bg-ingest/store/read'
import { createAccountWriter } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { aConnection, aStoredReading, aUserId } from '../support/build.ts'
import { useDynamo } from '../support/dynamo.ts'

const TTL = { ttlMs: 15_000, revive: false }
const AT = toInstant(Date.parse('2026-11-20T11:00:00Z'))
/** What a later version might put anywhere. */
const LATER = { mood: 'good', moods: { of: ['later', 1] } }

// docs/operations/upgrades.md, "tables": items are written as an older and as a later version would.
describe('items of other versions, on DynamoDB', () => {
  const dynamo = useDynamo()

  function setUp() {
    const client = dynamo.client()
    const userId = aUserId('version')
    const { accounts: table, readings: readingsTable } = dynamo.tables
    const accounts = createAccountWriter(client, table, Date.now)
    const put = (item: object, TableName = table) =>
      client.send(new PutCommand({ TableName, Item: { userId, ...item } }))
    const add = (Key: Record<string, string>, TableName = table) =>
      client.send(
        new UpdateCommand({
          TableName,
          Key: { userId, ...Key },
          UpdateExpression: 'SET mood = :mood, moods = :moods',
          ExpressionAttributeValues: { ':mood': LATER.mood, ':moods': LATER.moods },
        }),
      )
    const stored = async (item: string) =>
      (await client.send(new GetCommand({ TableName: table, Key: { userId, item }, ConsistentRead: true }))).Item
    return { client, userId, table, readingsTable, accounts, put, add, stored }
  }

  it('of an older one: what it did not know has its default, and a run goes on from it', async () => {
    const { client, userId, table, accounts, put } = setUp()
    await put({ item: 'state', fence: 7, committedSequence: 12 })
    await put({ item: 'connection', fence: 7, status: 'connected', region: 'default' })
    await put({ item: 'change#000000000001', first: 1, last: 12, at: AT, changes: [] })
    expect(await accounts.connection(userId)).to.deep.include({ paused: false, notices: [], problem: null })
    const { connection, state } = await createAccountReader(client, table).account(userId)
    expect([connection?.status, state.history.state]).to.deep.equal(['connected', 'none'])
    const id = randomUUID()
    const lease = await accounts.takeLease(userId, id, TTL)
    expect(lease).to.deep.include({ fence: 8, finishedLeaseId: null })
    expect(lease?.state).to.deep.include({ committedSequence: 12, publishedSequence: 0, newestAt: null })
    await accounts.finish(userId, { id, fence: 8 }, { publishedSequence: 12 })
    expect((await accounts.takeLease(userId, randomUUID(), TTL))?.state.publishedSequence).to.equal(12)
    expect(await accounts.rangesAfter(userId, 0, 10)).to.deep.equal([{ first: 1, last: 12, at: AT, changes: [] }])
  })

  it('of a later one: what this one does not know is passed over, and kept in `state`', async () => {
    const { client, userId, table, accounts, add, stored } = setUp()
    await accounts.createConnection(aConnection({ userId }), { id: randomUUID(), fence: 1 })
    const id = randomUUID()
    await accounts.takeLease(userId, id, TTL)
    await add({ item: 'state' })
    await add({ item: 'connection' })
    expect(await accounts.connection(userId)).to.deep.equal(aConnection({ userId }))
    expect((await createAccountReader(client, table).account(userId)).connection).not.to.have.property('mood')
    await accounts.finish(userId, { id, fence: 1 }, { committedSequence: 3 })
    expect(await stored('state')).to.deep.include({ ...LATER, committedSequence: 3 })
  })

  it('of a later one: a connection is written whole, so what only a later one knows is gone from it', async () => {
    const { userId, accounts, add, stored } = setUp()
    const lease = { id: randomUUID(), fence: 1 }
    await accounts.createConnection(aConnection({ userId }), lease)
    await add({ item: 'connection' })
    await accounts.putConnection(aConnection({ userId, region: 'EU' }), lease)
    expect(await stored('connection'))
      .to.include({ region: 'EU' })
      .and.not.have.property('mood')
  })

  it('of a later one: a reading is shown as this one knows it', async () => {
    const { client, userId, readingsTable, put } = setUp()
    const reading = aStoredReading({ userId })
    const reader = createReadingReader(client, readingsTable, Date.now, 0)
    const { device, ...rest } = reading
    await put({ ...rest, ...device, ...LATER, readingKey: `${reading.timestamp}#cgm#x`, fence: 1 }, readingsTable)
    expect(await reader.latest(userId)).to.deep.equal(reading)
  })
})
