import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toInstant, UserId } from '@bg-ingest/domain'
import { startRabbitmq } from '@bg-ingest/local-stack'
import { connectForWork, createProducer, type JobProducer } from '@bg-ingest/queue'
import { createVault } from '@bg-ingest/security'
import { connect } from 'amqplib'
import type { Redis } from 'ioredis'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'
import { ACCOUNT, type FakeDexcom, startFakeDexcom } from './fake-dexcom.ts'
import { type NullStore, startNullStore } from './null-store.ts'
import { startWatched, type Watched } from './watched.ts'

/**
 * One real worker process with a Redis and a RabbitMQ of its own, between a Dexcom and a DynamoDB that cost nothing: what
 * its processor time goes into is the worker.
 */
export interface WorkerStage {
  readonly worker: Watched
  readonly dexcom: FakeDexcom
  readonly store: NullStore
  readonly producer: JobProducer
  readonly redis: Redis
  readonly redisUrl: string
  /** People with good tokens; their history is imported where that is asked for. */
  people(names: readonly string[], history?: 'none' | 'complete'): Promise<readonly UserId[]>
  stop(): Promise<void>
}

const TEN_YEARS_MS = 10 * 365 * 86_400_000
/** A call each millisecond: the budget is not what is measured. */
const NO_LIMIT = '4500000'
const EXCHANGE = 'bg.events'
/** What the broker keeps for nobody. */
const FORGET = { arguments: { 'x-max-length': 1_000 } }

export async function startWorkerStage(variables: Readonly<Record<string, string>> = {}): Promise<WorkerStage> {
  const closers: (() => unknown)[] = []
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    return await start(variables, closers, stop)
  } catch (err) {
    await stop()
    throw err
  }
}

async function start(
  variables: Readonly<Record<string, string>>,
  closers: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<WorkerStage> {
  const own = <T>(opened: T, close: (opened: T) => unknown): T => {
    closers.push(() => close(opened))
    return opened
  }
  const key = randomBytes(32)
  const dir = own(await mkdtemp(join(tmpdir(), 'bg-bench-')), (made) => rm(made, { recursive: true, force: true }))
  const server = own(await startRedis(), (opened) => opened.stop())
  const broker = own(await startRabbitmq({ env: process.env, dir }), (opened) => opened.stop())
  const model = own(await connect(broker.url), (opened) => opened.close())
  const channel = await model.createChannel()
  await channel.assertExchange(EXCHANGE, 'topic', { durable: true })
  await channel.assertQueue('bench', FORGET)
  await channel.bindQueue('bench', EXCHANGE, '#')
  const dexcom = own(await startFakeDexcom(), (opened) => opened.close())
  const store = own(await startNullStore(), (opened) => opened.close())
  const redis = own(connectForWork(server.url, { onError: () => undefined }), (opened) => opened.disconnect())
  const producer = own(createProducer(redis, { now: Date.now, newId: randomUUID }), (opened) => opened.close())
  const worker = own(
    startWatched(new URL('../../apps/worker/src/main.ts', import.meta.url), [], {
      REDIS_URL: server.url,
      RABBITMQ_URL: broker.url,
      DYNAMODB_ENDPOINT: store.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      DYNAMODB_TABLE: 'readings',
      DYNAMODB_ACCOUNTS_TABLE: 'accounts',
      ENCRYPTION_KEYS: `dev:${key.toString('base64')}`,
      DEXCOM_API_BASE_URL: dexcom.url,
      DEXCOM_CLIENT_ID: 'client',
      DEXCOM_CLIENT_SECRET: 'secret',
      DEXCOM_RATE_LIMIT_PER_HOUR: NO_LIMIT,
      RETENTION_DAYS: '0',
      WORKER_CONCURRENCY: '50',
      WORKER_PORT: '0',
      ...variables,
    }),
    (opened) => opened.stop(),
  )
  await until('the worker is ready', () => worker.output().includes('"worker ready"'), 60_000)

  const vault = createVault([{ id: 'dev', key: new Uint8Array(key) }])
  const people: WorkerStage['people'] = async (names, history = 'complete') => {
    const now = toInstant(Date.now())
    const later = toInstant(Date.now() + TEN_YEARS_MS)
    const tokens = async (userId: UserId) => ({
      access: await vault.seal(userId, 'access_token', 'access'),
      refresh: await vault.seal(userId, 'refresh_token', 'refresh'),
      expiresAt: later,
      refreshAt: later,
      version: 1,
      presentations: 0,
      stamp: 'stamp',
    })
    const users = names.map((name) => UserId.parse(name))
    for (const userId of users)
      store.connect(
        userId,
        {
          status: 'connected',
          region: 'default',
          connectedAt: now,
          dexcomUserId: ACCOUNT,
          tokens: await tokens(userId),
          fence: 1,
        },
        {
          slowRecordsAt: now,
          history: { state: history, readings: 0 },
          reconcile: { at: now, rounds: 1 },
        },
      )
    return users
  }
  return { worker, dexcom, store, producer, redis, redisUrl: server.url, people, stop }
}
