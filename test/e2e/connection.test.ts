import { QueryCommand } from '@aws-sdk/lib-dynamodb'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { PersonClient } from '../support/e2e-client.ts'
import { consume, type Listener, listen } from '../support/e2e-events.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { until } from '../support/until.ts'

const KEYS = [
  'userId',
  'status',
  'region',
  'connectedAt',
  'lastAttemptAt',
  'lastSuccessAt',
  'latestReadingAt',
  'nextPollAt',
  'pollIntervalSeconds',
  'history',
  'problem',
]
const HISTORY_KEYS = ['state', 'from', 'through', 'percent', 'readings']
const NOTHING = { connectedAt: null, lastAttemptAt: null, lastSuccessAt: null, latestReadingAt: null, nextPollAt: null }
/** So many polls of somebody else prove that a schedule would have come round. */
const ROUNDS = 3

describe('Connecting, disconnecting and erasing', function () {
  this.timeout(60_000)
  const system = useSystem({
    name: 'connection',
    variables: { POLL_INTERVAL_SECONDS: '1' },
    simulator: {
      users: ['leaver', 'stayer', 'erased'].map((name) => ({
        name,
        kind: 'generated',
        profile: 'quiet',
        historyDays: 2,
      })),
    },
  })
  let listener: Listener
  let stayer: PersonClient
  before(async () => {
    listener = await listen()
    stayer = await system.connect(aPerson('stayer'), 'stayer')
    await untilHistoryIs('complete', stayer)
  })
  after(() => listener.close())

  const callsOf = async (user: string) => (await system.sim('GET', `journal?user=${user}&endpoint=egvs`)).entries.length
  const untilPolled = async (user: string, times: number) => {
    const before = await callsOf(user)
    await until(`${user} is polled ${times} times`, async () => (await callsOf(user)) >= before + times, 20_000)
  }
  const itemsOf = async (table: string | undefined, userId: string) => {
    const query = {
      TableName: table,
      KeyConditionExpression: 'userId = :user',
      ExpressionAttributeValues: { ':user': userId },
    }
    return (await system.dynamo.send(new QueryCommand({ ...query, ConsistentRead: true }))).Items ?? []
  }
  const accountItems = (userId: string) => itemsOf(system.variables.DYNAMODB_ACCOUNTS_TABLE, userId)
  const readingItems = (userId: string) => itemsOf(system.variables.DYNAMODB_TABLE, userId)
  const told = (userId: string, key: string) => listener.about(userId).filter(({ routingKey }) => routingKey === key)
  const disconnect = async (person: PersonClient, query = '') => {
    const { status, json } = await person.call('DELETE', `/connection${query}`)
    expect([status, json.userId, json.status, typeof json.jobId]).to.deep.equal([
      202,
      person.userId,
      'queued',
      'string',
    ])
    await until('the connection has ended', async () => (await person.connection()).status === 'disconnected')
  }

  it('says "disconnected" of somebody who never was connected', async () => {
    const view = await (await system.person(aPerson('never'))).connection()
    expect(Object.keys(view)).to.include.members(KEYS)
    expect(view).to.include({ status: 'disconnected', region: null, problem: null, ...NOTHING })
    expect(view.history).to.deep.equal({ state: 'none', from: null, through: null, percent: 0, readings: 0 })
  })

  it('shows how a connection is doing', async () => {
    await untilPolled('stayer', 1)
    const view = await stayer.connection()
    expect(Object.keys(view)).to.include.members(KEYS)
    expect(Object.keys(view.history)).to.have.members(HISTORY_KEYS)
    expect(view).to.include({ userId: stayer.userId, status: 'connected', region: 'default', pollIntervalSeconds: 1 })
    const { timestamp } = (await stayer.call('GET', '/latest')).json
    expect(view.latestReadingAt).to.equal(timestamp)
    for (const at of [view.connectedAt, view.lastAttemptAt, view.lastSuccessAt])
      expect(Date.now() - Date.parse(at)).to.be.within(0, 60_000)
    expect(Date.parse(view.nextPollAt) - Date.now()).to.be.within(-1_000, 2_000)
    expect(view.history).to.include({ state: 'complete', percent: 100 })
  })

  it('gives a one-time address of its own', async () => {
    const { status, json } = await stayer.call('POST', '/connection')
    expect(status).to.equal(201)
    expect(Object.keys(json)).to.have.members(['authorizationUrl', 'expiresAt'])
    expect(json.authorizationUrl).to.match(/^http:\/\/localhost:5001\/oauth\/start\/[\w-]{20,}$/)
    expect(Date.parse(json.expiresAt) - Date.now()).to.be.within(60_000, 3_600_000)
    expect((await stayer.call('POST', '/connection')).json.authorizationUrl).to.not.equal(json.authorizationUrl)
  })

  it('stops polling and forgets the tokens of who disconnects; readings stay, and connecting again goes on', async () => {
    const person = await system.connect(aPerson('leaver'), 'leaver')
    await untilHistoryIs('complete', person)
    await untilPolled('leaver', 2)
    const readings = await person.everyReading()
    expect((await accountItems(person.userId)).some((item) => item.item === 'connection' && item.tokens)).to.equal(true)

    await disconnect(person)
    const callsAtTheEnd = await callsOf('leaver')
    expect(await person.connection()).to.include({ status: 'disconnected', nextPollAt: null })
    const connection = (await accountItems(person.userId)).find(({ item }) => item === 'connection')
    expect(connection?.tokens ?? null, 'no tokens are left').to.equal(null)
    const latest = await person.call('GET', '/latest')
    expect([latest.status, latest.json.freshness.state]).to.deep.equal([200, 'disconnected'])
    expect(await person.everyReading()).to.deep.equal(readings)
    expect((await person.call('POST', '/sync')).json.code).to.equal('not_connected')
    expect((await person.call('DELETE', '/connection')).status, 'once more').to.equal(202)
    await untilPolled('stayer', ROUNDS)
    expect(await callsOf('leaver'), 'nobody asked Dexcom for this person').to.equal(callsAtTheEnd)

    await system.connect(person.userId, 'leaver')
    await untilHistoryIs('complete', person)
    await untilPolled('leaver', 2)
    expect((await person.connection()).status).to.equal('connected')
    expect(await person.everyReading()).to.deep.equal(readings)
    await until('both connections are told', () => told(person.userId, 'connection.connected').length === 2)
    expect(told(person.userId, 'connection.disconnected')).to.have.length(1)
    expect(consume(listener.about(person.userId)).readings.size).to.equal(readings.length)
  })

  it('erases everything but one tombstone, and nothing in flight brings it back', async () => {
    const person = await system.connect(aPerson('erased'), 'erased')
    await until('the import has begun', async () => (await readingItems(person.userId)).length > 0)
    const erased = person.call('DELETE', '/connection?erase=true')
    await Promise.all([erased, person.call('POST', '/sync'), person.call('POST', '/sync')])
    expect((await erased).status).to.equal(202)

    await until('the world is told', () => told(person.userId, 'user.erased').length > 0, 30_000)
    await until('only the tombstone is left', async () => (await accountItems(person.userId)).length === 1, 10_000)
    await until('no job names the person', async () => !(await namedInRedis(person.userId)), 20_000)
    await untilPolled('stayer', ROUNDS)
    expect(await readingItems(person.userId)).to.deep.equal([])
    const [tombstone, ...more] = await accountItems(person.userId)
    expect(more).to.deep.equal([])
    const { expiresAt, fence, finishedLeaseId, finishedBefore: _, erasure, ...rest } = tombstone ?? {}
    expect([typeof fence, typeof finishedLeaseId]).to.deep.equal(['number', 'string'])
    // What came too late found nobody; it leaves its moment, and that nothing is numbered.
    expect({ committedSequence: 0, publishedSequence: 0, ...rest }).to.deep.equal({
      userId: person.userId,
      item: 'state',
      committedSequence: 0,
      publishedSequence: 0,
    })
    expect(expiresAt - Date.now() / 1000, 'thirty days').to.be.within(29.9 * 86_400, 30 * 86_400)

    const view = await person.connection()
    const { lastAttemptAt: __, ...nothing } = NOTHING
    expect(view).to.include({ status: 'disconnected', region: null, ...nothing })
    expect(view.history).to.include({ state: 'none', readings: 0 })
    expect((await person.call('GET', '/latest')).json.code).to.equal('no_readings')
    expect(await person.everyReading()).to.deep.equal([])

    await system.connect(person.userId, 'erased')
    await untilHistoryIs('complete', person)
    expect((await person.everyReading()).length).to.be.above(100)
  })

  /** Whether anything at all in this Redis holds the person's id: keys, jobs, results, schedules. */
  async function namedInRedis(userId: string): Promise<boolean> {
    const redis = new Redis(system.variables.REDIS_URL ?? '')
    try {
      const keys = await redis.keys('*')
      const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)))
      return keys.some((key, i) => key.includes(userId) || dumps[i]?.includes(userId))
    } finally {
      redis.disconnect()
    }
  }
})
