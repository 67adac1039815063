import { setTimeout as sleep } from 'node:timers/promises'
import { QueryCommand } from '@aws-sdk/lib-dynamodb'
import { registryShard, UserId } from '@bg-ingest/domain'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { PersonClient } from '../support/e2e-client.ts'
import { type Listener, listen } from '../support/e2e-events.ts'
import { aPerson, useSystem } from '../support/e2e-system.ts'
import { until } from '../support/until.ts'

const NAMES = ['ada', 'ben']
/** Longer than a lease and a job's lock: whatever the frozen worker held is somebody else's by then. */
const FROZEN_MS = 10_000
/** What a worker that woke still writes, it writes within its next calls. */
const AWAKE_MS = 3_000
/** What it should not have written it deletes itself, as soon as it learns that its lease is over. */
const CLEANED_MS = 5_000

describe('Erasing while a worker is frozen over the person', function () {
  this.timeout(120_000)
  const system = useSystem({
    name: 'erase',
    workers: 2,
    variables: { POLL_INTERVAL_SECONDS: '1' },
    simulator: {
      users: NAMES.map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: 60 })),
    },
  })
  let listener: Listener
  let redis: Redis
  before(async () => {
    listener = await listen()
    redis = new Redis(system.variables.REDIS_URL ?? '')
  })
  after(async () => {
    redis.disconnect()
    await listener.close()
  })

  const itemsOf = async (table: string | undefined, userId: string) => {
    const query = { TableName: table, KeyConditionExpression: 'userId = :user', ConsistentRead: true }
    return (
      (await system.dynamo.send(new QueryCommand({ ...query, ExpressionAttributeValues: { ':user': userId } })))
        .Items ?? []
    )
  }
  const accounts = () => system.variables.DYNAMODB_ACCOUNTS_TABLE
  const readings = () => system.variables.DYNAMODB_TABLE
  /** Keys and values of this Redis that name the person, whatever they are. */
  const namedInRedis = async (userId: string) => {
    const keys = await redis.keys('*')
    const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)))
    return keys.filter((key, i) => key.includes(userId) || dumps[i]?.includes(userId))
  }
  const tombstoneOf = async ({ userId }: PersonClient) => {
    const [state, ...more] = await itemsOf(accounts(), userId)
    return more.length === 0 && state?.item === 'state' ? state : null
  }
  const told = ({ userId }: PersonClient) => listener.about(userId).map(({ routingKey }) => routingKey)

  it('leaves one tombstone each, and nothing comes back when the worker wakes', async () => {
    const people = await Promise.all(NAMES.map((name) => system.connect(aPerson(name), name)))
    await Promise.all(
      people.map(({ userId }) =>
        until('the import runs', async () => (await itemsOf(readings(), userId)).length > 0, 30_000),
      ),
    )
    const [frozen] = system.workers
    frozen?.kill('SIGSTOP')
    // Before the requests: what is told of people until then is told rightly.
    for (const person of people) {
      await person.call('POST', '/connection')
      await person.call('POST', '/sync')
      expect((await person.call('DELETE', '/connection?erase=true')).status).to.equal(202)
    }
    const frozenAt = performance.now()
    for (const person of people)
      await until(
        'the receipt lies on the tombstone',
        async () => Boolean((await tombstoneOf(person))?.erasure?.receipt),
        90_000,
      )
    const eventsBefore = people.map((person) => told(person).length)
    await sleep(Math.max(0, FROZEN_MS - (performance.now() - frozenAt)))
    frozen?.kill('SIGCONT')
    await sleep(AWAKE_MS)

    for (const [i, person] of people.entries()) {
      const { userId } = person
      // A batch that was on its way to the socket when the worker froze is written when it wakes, and deleted by it.
      await until('no reading is left', async () => (await itemsOf(readings(), userId)).length === 0, CLEANED_MS)
      expect(await tombstoneOf(person), 'nothing but the tombstone').to.include({ item: 'state' })
      const registry = await itemsOf(accounts(), `users#${registryShard(UserId.parse(userId))}`)
      expect(registry.filter(({ item }) => item === userId)).to.deep.equal([])
      expect(await namedInRedis(userId), 'in Redis').to.deep.equal([])
      expect(told(person).filter((key) => key === 'user.erased')).to.have.length(1)
      expect(told(person).at(-1), 'the last word').to.equal('user.erased')
      expect(told(person)).to.have.length(eventsBefore[i] ?? 0)
      expect(told(person)).not.to.include('sync.failed')
    }
  })
})
