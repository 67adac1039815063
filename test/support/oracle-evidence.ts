import { setTimeout as delay } from 'node:timers/promises'
import { GetCommand, paginateQuery } from '@aws-sdk/lib-dynamodb'
import { openQueues, type Queues } from '@bg-ingest/queue'
import { Redis } from 'ioredis'
import type { PersonClient } from './e2e-client.ts'
import type { Listener } from './e2e-events.ts'
import type { System } from './e2e-system.ts'
import type { CallsSeen, Evidence, FeedPage, Row } from './oracles.ts'
import type { ReadingsOracle } from './readings-oracle.ts'
import { contentOf } from './redis-content.ts'

/** A person of the service and their account at Dexcom. */
export interface Watched {
  readonly person: PersonClient
  readonly account: string
}

/** Looks at a running system from outside, and at what it stores. */
export interface Witness {
  /** The simulator's clock should stand still: what appears in between counts as lost. */
  evidence(watched: Watched): Promise<Evidence>
  /** Items of a person in both tables, the registry and marks without content left out, and Redis keys that hold the id. */
  traces(userId: string): Promise<{ readonly items: readonly string[]; readonly keys: readonly string[] }>
  close(): Promise<void>
}

type Item = Readonly<Record<string, unknown>>

/** Where the witness learns what was told: each has to hear from before the first person is connected. */
export interface Ears {
  readonly listener: Listener
  readonly oracle: Pick<ReadingsOracle, 'taken'>
}

export function openWitness(
  system: System,
  { listener, oracle }: Ears,
  redisUrl = system.variables.REDIS_URL,
): Witness {
  const redis = new Redis(redisUrl ?? '')
  // Redis may be away for a while; ioredis comes back to it by itself.
  redis.on('error', () => undefined)
  const { queues, close } = openQueues(redis)
  const { DYNAMODB_TABLE = '', DYNAMODB_ACCOUNTS_TABLE = '' } = system.variables
  const rowsOf = (table: string, userId: string) => everyItem(system, table, userId)

  return {
    async evidence({ person, account }) {
      const { userId } = person
      const [{ readings }, shown, items, accountItems, feed, jobs, manners] = await Promise.all([
        system.sim('GET', `truth?user=${account}`),
        person.everyReading(),
        rowsOf(DYNAMODB_TABLE, userId),
        rowsOf(DYNAMODB_ACCOUNTS_TABLE, userId),
        everyChange(person),
        jobsOf(queues, userId),
        system.sim('GET', 'manners'),
      ])
      return {
        userId,
        truth: readings.filter(({ isNull }: { isNull: boolean }) => !isNull).map(asContent),
        shown,
        rows: items.filter((item) => item.void !== true && item.deleted !== true).map(asRow),
        feed,
        heard: listener.about(userId),
        taken: oracle.taken(userId),
        ...accountOf(accountItems),
        leased: await isStuck(system, userId, accountItems),
        calls: manners.users[account] ?? QUIET,
        jobs,
      }
    },
    async traces(userId) {
      const [readings, accounts, keys] = await Promise.all([
        rowsOf(DYNAMODB_TABLE, userId),
        rowsOf(DYNAMODB_ACCOUNTS_TABLE, userId),
        keysNaming(redis, userId),
      ])
      return { items: [...readings, ...accounts].map(({ item, readingKey }) => String(item ?? readingKey)), keys }
    },
    async close() {
      await close()
      redis.disconnect()
    },
  }
}

const QUIET: CallsSeen = {
  maxConcurrentData: 0,
  maxConcurrentRefreshes: 0,
  mostPresentations: 0,
  callsAfterInvalidGrant: 0,
}

interface Told {
  readonly systemTime: string
  readonly type: string
  readonly value: number
  readonly trend: string | null
}
const asContent = ({ systemTime, type, value, trend }: Told) => ({ timestamp: systemTime, type, glucose: value, trend })

const asRow = ({ timestamp, type, glucose, trend, sequence, revision }: Item): Row => ({
  timestamp: String(timestamp),
  type: String(type),
  glucose: Number(glucose),
  trend: trend === undefined ? null : String(trend),
  sequence: Number(sequence),
  revision: Number(revision),
})

function accountOf(items: readonly Item[]): Pick<Evidence, 'state' | 'log'> {
  const named = (name: string) => items.find(({ item }) => item === name)
  const state = named('state')
  return {
    state: {
      committed: Number(state?.committedSequence ?? 0),
      published: Number(state?.publishedSequence ?? 0),
      parked: typeof named('connection')?.parkedAt === 'string',
    },
    log: items
      .filter(({ item }) => String(item).startsWith('change#'))
      .map(({ first, last }) => ({ first: Number(first), last: Number(last) })),
  }
}

/** A poll passes in a moment; a lease that the same run still holds seconds later is one that nobody gives back. */
const POLL_MS = 3_000
const LOOK_AGAIN_MS = 100

async function isStuck(system: System, userId: string, items: readonly Item[]): Promise<boolean> {
  const seen = items.find(({ item }) => item === 'state')?.leaseId
  if (seen === undefined) return false
  const until = performance.now() + POLL_MS
  while (performance.now() < until) {
    await delay(LOOK_AGAIN_MS)
    const TableName = system.variables.DYNAMODB_ACCOUNTS_TABLE
    const { Item } = await system.dynamo.send(
      new GetCommand({ TableName, Key: { userId, item: 'state' }, ConsistentRead: true }),
    )
    if (Item?.leaseId !== seen) return false
  }
  return true
}

async function everyItem(system: System, TableName: string, userId: string): Promise<Item[]> {
  const items: Item[] = []
  const pages = paginateQuery(
    { client: system.dynamo },
    {
      TableName,
      KeyConditionExpression: 'userId = :user',
      ExpressionAttributeValues: { ':user': userId },
      ConsistentRead: true,
    },
  )
  for await (const { Items = [] } of pages) items.push(...Items)
  return items
}

async function everyChange(person: PersonClient): Promise<FeedPage[]> {
  const pages: FeedPage[] = []
  for (let after = 0; ; ) {
    const { status, json } = await person.call('GET', `/changes?after=${after}&limit=1000`)
    if (status !== 200) throw new Error(`the feed answered ${status}`)
    pages.push(json)
    if (!json.more) return pages
    after = json.through
  }
}

/** Ticks are left out: each schedule keeps one in store. */
const WORK = ['bg-sync', 'bg-history', 'bg-connection', 'bg-maintenance'] as const
const UNDONE = ['waiting', 'prioritized', 'active', 'delayed'] as const

async function jobsOf(queues: Queues, userId: string): Promise<Evidence['jobs']> {
  const found = await Promise.all(
    WORK.map(async (name) => {
      const [undone, failed] = await Promise.all([queues[name].getJobs([...UNDONE]), queues[name].getJobs(['failed'])])
      const ours = (job: { readonly data?: { readonly userId?: string } } | undefined) => job?.data?.userId === userId
      return { undone: undone.filter(ours), failed: failed.filter(ours) }
    }),
  )
  return {
    queued: found.reduce((most, { undone }) => Math.max(most, undone.length), 0),
    failed: found.flatMap(({ failed }) => failed.map(({ name, failedReason }) => `${name}: ${failedReason}`)),
  }
}

/** Keys of this system's database whose name or content holds the id. */
async function keysNaming(redis: Redis, userId: string): Promise<string[]> {
  const keys = await redis.keys('*')
  const contents = await Promise.all(keys.map((key) => contentOf(redis, key)))
  return keys.filter((key, i) => key.includes(userId) || contents[i]?.includes(userId))
}
