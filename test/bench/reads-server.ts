/** The process under test of the benches of reads: the API and the bases beside it. Says its ports, and its CPU when asked. */
import { randomUUID } from 'node:crypto'
import { orUnavailable, startLoadGauge } from '@bg-ingest/api/parts'
import { toInstant, toPublicReading, type UserId } from '@bg-ingest/domain'
import { connectForRequests, connectForWork, createLatestEntries, createLatestReader } from '@bg-ingest/queue'
import { createSealer } from '@bg-ingest/security'
import {
  createAccountReader,
  createDynamo,
  createFeedReader,
  createReadingReader,
  READ_LIMITS,
} from '@bg-ingest/store/read'
import { aClock } from '../support/clock.ts'
import { startRedis, untilTrusted } from '../support/redis.ts'
import { anApi } from '../unit/api/an-api.ts'
import { startBases } from './bases.ts'
import { type Frame, startCpuProfile } from './cpu-profile.ts'
import { aCrowd } from './crowd.ts'
import { handMapped } from './hand-mapping.ts'

const TABLES = { readings: 'readings', accounts: 'accounts' }
const sealer = createSealer([{ id: 'k1', key: new Uint8Array(32).fill(3) }], 'latest')
/** Costs are measured of calls that succeed, however cold the process and busy the machine. */
const PATIENT = { connectionTimeoutMs: 5_000, requestTimeoutMs: 10_000, maxAttempts: 2 } as const
const PAGE = 288
/** Pages mapped by hand in a round. */
const MAPPED = 300
const quiet = { onError: () => undefined }

const redis = await startRedis()
const requests = connectForRequests(redis.url, quiet)
const work = connectForWork(redis.url, quiet)
const entries = createLatestReader(requests, { sealer, monotonic: () => performance.now() })

const { now } = aClock()
const [, , endpoint] = process.argv
const storeWithin = (limits: typeof READ_LIMITS | typeof PATIENT) => {
  const client = createDynamo({ region: 'us-east-1', endpoint, anyCredentials: true, ...limits })
  const readings = createReadingReader(client, TABLES.readings, now)
  const accounts = createAccountReader(client, TABLES.accounts)
  const feed = createFeedReader(client, TABLES, now)
  return {
    readings: { latest: orUnavailable(readings.latest), range: orUnavailable(readings.range) },
    accounts: { account: orUnavailable(accounts.account) },
    feed: { changes: orUnavailable(feed.changes) },
  }
}
const store = storeWithin(PATIENT)
const counting = {
  ready: () => requests.status === 'ready',
  call: (command: string, ...args: string[]) => requests.call(command, ...args),
}
const { people, tokens, verifier } = aCrowd()
const chain = { counting, verifier, logLevel: 'info' } as const
const fromEntries = { ...store, entries }
const fromStore = { ...store, entries: { read: async () => null } }
const [cached, logging, uncached] = [
  await anApi({ ...chain, reads: fromEntries }),
  await anApi({ ...chain, reads: fromEntries, logLevel: 'debug' }),
  await anApi({ ...chain, reads: fromStore }),
]
const { lagMs } = startLoadGauge()
const [live, liveStore] = [
  await anApi({ ...chain, reads: fromEntries, lagMs }),
  await anApi({ ...chain, reads: { ...fromStore, ...storeWithin(READ_LIMITS) }, lagMs }),
]

await untilTrusted(work)

/** So many at a time: a connection to the store has 200 ms to be made. */
const LANES = 20
const left = [...people]
const lane = async () => {
  for (let next = left.pop(); next !== undefined; next = left.pop()) await writeEntry(next)
}
await Promise.all(Array.from({ length: LANES }, lane))

/** As a worker's run does behind its commit. */
async function writeEntry(userId: UserId) {
  const [{ connection, state }, reading] = await Promise.all([
    store.accounts.account(userId),
    store.readings.latest(userId),
  ])
  if (!reading) throw new Error('the null DynamoDB has no reading')
  const run = randomUUID()
  const writer = createLatestEntries(work, { sealer })
  await writer.takeDown(userId, run)
  await writer.putUp(userId, run, {
    run,
    committedSequence: state.committedSequence,
    completeThrough: toInstant(now()),
    connection,
    reading: toPublicReading({ ...reading, userId }),
  })
}

/** What DynamoDB answers to the query of a page. */
const query = { TableName: TABLES.readings, Limit: PAGE, ScanIndexForward: false }
const wire = await (await fetch(endpoint ?? '', { method: 'POST', body: JSON.stringify(query) })).text()

let endProfile: () => Promise<readonly Frame[]> = async () => []
const orders: Readonly<Record<string, () => Promise<unknown>>> = {
  cpu: async () => ({ cpu: process.cpuUsage() }),
  map: async () => {
    const before = process.cpuUsage()
    for (let turn = 0; turn < MAPPED; turn += 1) if (handMapped(wire).length !== PAGE) throw new Error('not a page')
    const { user, system } = process.cpuUsage(before)
    return { cpuUs: (user + system) / MAPPED }
  },
  profile: async () => {
    endProfile = await startCpuProfile()
    return {}
  },
  profiled: async () => ({ frames: await endProfile() }),
  stop: async () => {
    await redis.stop()
    process.exit(0)
  },
}
process.on('message', async (order) => process.send?.(await orders[String(order)]?.()))
const { http, express } = await startBases()
process.send?.({
  ports: {
    http,
    express,
    cached: cached.port,
    logging: logging.port,
    uncached: uncached.port,
    live: live.port,
    liveStore: liveStore.port,
  },
  people,
  tokens,
})
