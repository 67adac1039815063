/** The process under test of `pnpm bench reads`: the API and the bases beside it. Says its ports, and its CPU when asked. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toInstant, toPublicReading } from '@bg-ingest/domain'
import { connectForRequests, connectForWork, createLatestEntries, createLatestReader } from '@bg-ingest/queue'
import { createSealer } from '@bg-ingest/security'
import {
  createAccountReader,
  createDynamo,
  createFeedReader,
  createReadingReader,
  READ_LIMITS,
} from '@bg-ingest/store/read'
import express from 'express'
import { aClock } from '../support/clock.ts'
import { startRedis } from '../support/redis.ts'
import { ALICE, anApi } from '../unit/api/an-api.ts'

const TABLES = { readings: 'readings', accounts: 'accounts' }
const sealer = createSealer([{ id: 'k1', key: new Uint8Array(32).fill(3) }], 'latest')
const quiet = { onError: () => undefined }

const redis = await startRedis()
const requests = connectForRequests(redis.url, quiet)
const work = connectForWork(redis.url, quiet)
const monotonic = () => performance.now()
const entries = createLatestReader(requests, { sealer, monotonic })

const { now } = aClock()
const [, , endpoint] = process.argv
const client = createDynamo({ region: 'us-east-1', endpoint, anyCredentials: true, ...READ_LIMITS })
const store = {
  readings: createReadingReader(client, TABLES.readings, now),
  accounts: createAccountReader(client, TABLES.accounts),
  feed: createFeedReader(client, TABLES, now),
}
const counting = {
  ready: () => requests.status === 'ready',
  call: (command: string, ...args: string[]) => requests.call(command, ...args),
}
const cached = await anApi({ counting, logLevel: 'info', reads: { ...store, entries } })
const uncached = await anApi({ counting, logLevel: 'info', reads: { ...store, entries: { read: async () => null } } })

const reading = await store.readings.latest(ALICE)
if (!reading) throw new Error('the null DynamoDB has no reading')
await entries.read(ALICE)
await work.ping()
const run = randomUUID()
await writeEntry()

async function writeEntry() {
  const { connection, state } = await store.accounts.account(ALICE)
  const entry = {
    run,
    committedSequence: state.committedSequence,
    completeThrough: toInstant(now()),
    connection,
    reading: reading && toPublicReading(reading),
  }
  const writer = createLatestEntries(work, { sealer })
  await writer.takeDown(ALICE, run)
  await writer.putUp(ALICE, run, entry)
}

const body = { id: 'O5S1-VvUx5jdDlAnZSSbCW', userId: 'alice', glucose: 101, unit: 'mg/dL', padding: 'x'.repeat(400) }
const text = JSON.stringify(body)
const bare = createServer((_req, res) => res.writeHead(200, { 'Content-Type': 'application/json' }).end(text))
const app = express()
app.get('/api/bg/:userId/latest', (_req, res) => void res.json(body))
const [http, plain] = await Promise.all([bare, createServer(app)].map(portOf))

async function portOf(server: Server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

process.on('message', (message) => {
  if (message === 'cpu') process.send?.({ cpu: process.cpuUsage() })
  else void redis.stop().then(() => process.exit(0))
})
process.send?.({
  ports: { http, express: plain, cached: cached.port, uncached: uncached.port },
  token: await cached.token('alice'),
})
