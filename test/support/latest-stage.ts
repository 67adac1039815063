import { AppError } from '@bg-ingest/domain'
import { keepLatest, type LatestEntries, type Ports } from '@bg-ingest/ingest'
import {
  connectForRequests,
  connectForWork,
  createLatestEntries,
  createLatestReader,
  type Redis,
} from '@bg-ingest/queue'
import { createSealer } from '@bg-ingest/security'
import { createAccountReader, createFeedReader, createReadingReader } from '@bg-ingest/store/read'
import { anApi, type TestApi } from '../unit/api/an-api.ts'
import type { TestDynamo } from './dynamo.ts'
import type { Mortal } from './mortal.ts'
import { type LocalRedis, startRedis, untilTrusted } from './redis.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

const SEALER = createSealer([{ id: 'k1', key: new Uint8Array(32).fill(3) }], 'latest')

export interface LatestStage {
  readonly redis: Redis
  readonly server: LocalRedis
  readonly entries: LatestEntries
  readonly reader: ReturnType<typeof createLatestReader>
  /** Waits until what lies in Redis is trusted. */
  trusted(): Promise<void>
  /** How often a run had to look for the newest reading in the store. */
  queries(): number
  /** The ports of a worker whose runs keep the entries, which may die. */
  portsOf(world: World, mortal?: Mortal): Ports
  /** An API over the real stores, and how often it has asked DynamoDB. */
  api(options?: { readonly entries?: boolean }): Promise<TestApi & { asked(): number }>
  /** Another Redis at the same port, empty. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** A Redis of the test's own between a worker's runs and the API. */
export async function openLatestStage(dynamo: TestDynamo): Promise<LatestStage> {
  let server = await startRedis()
  const quiet = { onError: () => undefined }
  const redis = connectForWork(server.url, quiet)
  const requests = connectForRequests(server.url, quiet)
  const monotonic = () => performance.now()
  const entries = createLatestEntries(redis, { sealer: SEALER })
  const reader = createLatestReader(requests, { sealer: SEALER, monotonic })
  const apis: TestApi[] = []
  let queries = 0
  const trusted = async () => {
    await until('the API is connected', () => requests.status === 'ready')
    await untilTrusted(redis)
  }
  await trusted()
  return {
    redis,
    get server() {
      return server
    },
    entries,
    reader,
    trusted,
    queries: () => queries,
    portsOf(world, mortal) {
      const guard = <T extends object>(port: T) => mortal?.guard(port) ?? port
      const store = createReadingReader(dynamo.client(), dynamo.tables.readings, world.clock.now)
      const newest: typeof store.latest = (userId) => {
        queries += 1
        return store.latest(userId)
      }
      const kept = keepLatest(
        { accounts: guard(world.accounts), readings: guard(world.readings) },
        { entries: guard(entries), newest },
      )
      const { dexcom, publisher } = world
      return { ...world.ports, ...kept, dexcom: guard(dexcom), publisher: guard(publisher) }
    },
    async api({ entries: usesEntries = true } = {}) {
      let asked = 0
      const client = dynamo.client(() => {
        asked += 1
      })
      const api = await anApi({
        reads: {
          readings: createReadingReader(client, dynamo.tables.readings, Date.now),
          accounts: createAccountReader(client, dynamo.tables.accounts),
          feed: createFeedReader(client, dynamo.tables, Date.now),
          entries: usesEntries ? reader : { read: async () => null },
        },
      })
      apis.push(api)
      return { ...api, asked: () => asked }
    },
    async restart() {
      const { port } = new URL(server.url)
      await server.stop()
      server = await startRedis(Number(port))
      await until('both are connected again', () => redis.status === 'ready' && requests.status === 'ready', 10_000)
    },
    async close() {
      await Promise.all(apis.map((api) => api.close()))
      redis.disconnect()
      requests.disconnect()
      await server.stop()
    },
  }
}

/** What a run ends with where it fails. */
export const codeOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'no error',
    (err: unknown) => AppError.from(err).code,
  )
