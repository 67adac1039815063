import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { connectPerson, developmentSecrets, provisionTables } from '@bg-ingest/demo'
import { createVirtualClock, type Simulator, type SimulatorOptions, startSimulator } from '@bg-ingest/dexcom-simulator'
import { createDynamo, WRITE_LIMITS } from '@bg-ingest/store/write'
import { Redis } from 'ioredis'
import { freshTables } from './dynamo.ts'
import { call, type PersonClient, personClient, type TokenOptions, tokenOf } from './e2e-client.ts'
import { killApp, type ListeningApp, startApp } from './e2e-process.ts'
import { until } from './until.ts'

export interface SystemOptions {
  /** Names it in its processes' output. */
  readonly name?: string
  readonly simulator?: SimulatorOptions
  /** Beside, and before, what every test sets. */
  readonly variables?: Readonly<Record<string, string>>
  /** For the API alone. */
  readonly apiVariables?: () => Readonly<Record<string, string>>
  readonly workers?: number
}

/** One API, some workers and a Dexcom, all of them real processes and backends but for Dexcom. */
export interface System {
  readonly apiUrl: string
  readonly api: ListeningApp
  /** Those that were started and not stopped on purpose. */
  readonly workers: readonly ListeningApp[]
  readonly simulator: Simulator
  readonly variables: Readonly<Record<string, string>>
  readonly dynamo: DynamoDBDocumentClient
  startWorker(): Promise<ListeningApp>
  /** The API as this person sees it. */
  person(userId: string, token?: TokenOptions): Promise<PersonClient>
  /** Connects a person of the API with an account of the simulator, as a browser does. */
  connect(userId: string, dexcomUser: string): Promise<PersonClient>
  // biome-ignore lint/suspicious/noExplicitAny: the simulator's side door, whatever it answers
  sim(method: string, target: string, body?: unknown): Promise<any>
  stop(): Promise<void>
}

/** Starts a system before the tests of the describe block around it, and stops all of it after them. */
export function useSystem(options: SystemOptions | (() => SystemOptions)): System {
  let system: System | null = null
  before(async function () {
    this.timeout(120_000)
    system = await startSystem(typeof options === 'function' ? options() : options)
  })
  after(async function () {
    this.timeout(120_000)
    await system?.stop()
  })
  return new Proxy({} as System, {
    get(_, property) {
      if (!system) throw new Error('the system is not started yet')
      return Reflect.get(system, property)
    },
  })
}

export async function startSystem(options: SystemOptions): Promise<System> {
  const closers: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    return await start(options, closers, stop)
  } catch (err) {
    await stop()
    throw err
  }
}

async function start(
  { simulator: simulatorOptions, variables: own = {}, apiVariables, workers: count = 2 }: SystemOptions,
  closers: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<System> {
  const redisUrl = await emptyRedis(closers)
  // Its clock stands still unless a test moves it: no reading appears between a sync and the look at what there is.
  const simulator = await startSimulator({ clock: createVirtualClock({ speed: 0 }), ...simulatorOptions })
  closers.push(() => simulator.stop())
  const variables = { ...serviceVariables(redisUrl, simulator), ...own }
  const dynamo = openDynamo(variables)
  closers.push(() => dropTables(dynamo, variables))
  await provisionTables({ env: process.env, variables })

  const workers: ListeningApp[] = []
  const apis: ListeningApp[] = []
  closers.push(() => Promise.all([...workers, ...apis].map(killApp)))
  const startWorker = async () => {
    const worker = await startApp('worker', variables)
    workers.push(worker)
    return worker
  }
  const startApi = async () => {
    const api = await startApp('api', { ...variables, ...apiVariables?.() })
    apis.push(api)
    return api
  }
  const starting = [startApi(), ...Array.from({ length: count }, startWorker)] as const
  // Waits for all of them, so that none is still starting when one has failed and the rest is stopped.
  await Promise.allSettled(starting)
  const [api] = await Promise.all(starting)

  const person = async (userId: string, token?: TokenOptions) =>
    personClient(api.url, userId, await tokenOf(variables.JWT_SECRET ?? '', userId, token))
  return {
    apiUrl: api.url,
    api,
    workers,
    simulator,
    variables,
    dynamo,
    startWorker,
    person,
    async connect(userId, dexcomUser) {
      const client = await person(userId)
      // While many processes start the API may say that it has too much to do: its words are to come back.
      const again = { left: 20 }
      for (;;)
        try {
          await connectPerson({ apiUrl: api.url, token: client.token, userId, dexcomUser })
          return client
        } catch (err) {
          if (!String(err).includes('answered 503') || again.left-- === 0) throw err
          await delay(500)
        }
    },
    sim: async (method, target, body) =>
      (await call(`${simulator.baseUrl}/__sim/${target}`, method, body === undefined ? {} : { body })).json,
    stop,
  }
}

/** The variables of every process of a system; what a test wants otherwise it says itself. */
function serviceVariables(redisUrl: string, simulator: Simulator): Record<string, string> {
  const { readings, accounts } = freshTables()
  return {
    ...backendVariables(),
    ...developmentSecrets({}),
    REDIS_URL: redisUrl,
    DYNAMODB_TABLE: readings,
    DYNAMODB_ACCOUNTS_TABLE: accounts,
    DEXCOM_API_BASE_URL: simulator.baseUrl,
    DEXCOM_CLIENT_ID: simulator.clientId,
    DEXCOM_CLIENT_SECRET: simulator.clientSecret,
    // Nobody polls while a test looks, unless it is about polling.
    POLL_INTERVAL_SECONDS: '86400',
    DEXCOM_RATE_LIMIT_PER_HOUR: '3600000',
    RATE_LIMIT_PER_USER: '1000000/m',
    RATE_LIMIT_PER_IP: '1000000/m',
    RETENTION_DAYS: '0',
    SHUTDOWN_GRACE_SECONDS: '5',
  }
}

const BACKENDS = ['RABBITMQ_URL', 'DYNAMODB_ENDPOINT', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']

const backendVariables = (): Record<string, string> =>
  Object.fromEntries(BACKENDS.map((name) => [name, fromRunner(name)]))

/** test/run.ts starts the backends and tells where they are. */
export function fromRunner(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run these tests by \`npm test -- e2e\``)
  return value
}

/** A database of its own, so that no system sees another's jobs; 0 stays for the tests that use prefixes, and counts. */
async function emptyRedis(closers: (() => Promise<unknown>)[]): Promise<string> {
  const url = new URL(fromRunner('REDIS_URL'))
  const counting = new Redis(url.href)
  url.pathname = `/${1 + (await counting.incr('test:databases-taken').finally(() => counting.disconnect()))}`
  const redis = new Redis(url.href)
  closers.push(async () => {
    await redis.flushdb()
    redis.disconnect()
  })
  await redis.flushdb()
  return url.href
}

function openDynamo(variables: Readonly<Record<string, string>>): DynamoDBDocumentClient {
  const { AWS_REGION: region = '', DYNAMODB_ENDPOINT: endpoint } = variables
  return createDynamo({ region, endpoint, ...WRITE_LIMITS, onUnits: () => undefined })
}

async function dropTables(dynamo: DynamoDBDocumentClient, variables: Readonly<Record<string, string>>): Promise<void> {
  const drop = (TableName = '') => dynamo.send(new DeleteTableCommand({ TableName })).catch(() => undefined)
  await Promise.all([drop(variables.DYNAMODB_TABLE), drop(variables.DYNAMODB_ACCOUNTS_TABLE)])
  dynamo.destroy()
}

/** A user id that no other run has seen: events of all files go through one exchange. */
export const aPerson = (name: string): string => `${name}-${randomUUID().slice(0, 8)}`

export const aSecret = (): string => randomBytes(32).toString('base64url')

export async function untilHistoryIs(state: string, person: PersonClient, ms = 60_000): Promise<void> {
  await until(
    `the history of ${person.userId} is ${state}`,
    // While the machine is busy a read may be refused for want of time.
    async () => {
      const { status, json } = await person.call('GET', '/connection')
      return status === 200 && json.history.state === state
    },
    ms,
  )
}
