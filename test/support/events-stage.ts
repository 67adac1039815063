import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createVirtualClock, type SimulatorOptions } from '@bg-ingest/dexcom-simulator'
import { type RunningRabbitmq, startRabbitmq } from '@bg-ingest/local-stack'
import { type Channel, type ChannelModel, type ConfirmChannel, connect } from 'amqplib'
import { type PersonClient, tokenOf } from './e2e-client.ts'
import { metric } from './e2e-metrics.ts'
import { type System, startSystem, untilHistoryIs } from './e2e-system.ts'
import { freePort } from './free-port.ts'
import { openReadingsOracle, type ReadingsOracle } from './readings-oracle.ts'
import { startTcpProxy, type TcpProxy, through } from './tcp-proxy.ts'
import { until } from './until.ts'

const run = promisify(execFile)
const DAY_MS = 86_400_000
const CADENCE_MS = 300_000
/** The clock stands days behind ours, so that there is room to move it on. */
const ROOM_MS = 3 * DAY_MS

export const QUEUE = 'oracle'

/** One API, one worker, and a broker of their own behind a wire that a test can cut. */
export interface EventsStage {
  readonly system: System
  readonly broker: RunningRabbitmq
  readonly proxy: TcpProxy
  readonly oracle: ReadingsOracle
  /** Of a service that may read everybody. */
  readonly token: string
  startBroker(): Promise<void>
  /** Ends the broker as a power cut does; its data stay. */
  killBroker(): Promise<void>
  control(...args: string[]): Promise<string>
  /** A connection past the wire, closed with the stage. */
  channel(): Promise<Channel>
  confirmChannel(): Promise<ConfirmChannel>
  openOracle(queue?: string): Promise<ReadingsOracle>
  /** Connects somebody; `whole` waits until what there is of them is imported, from where on polls go on. */
  connect(account: string, whole?: boolean): Promise<PersonClient>
  /** Lets so many readings appear, and fetches them. */
  more(people: readonly PersonClient[], readings?: number): Promise<void>
  expectEverything(people: readonly PersonClient[]): Promise<void>
  /** The worker's counter of events of this outcome. */
  told(outcome: string, type?: string): Promise<number>
  outboxPending(): Promise<number>
  /** Of the worker. */
  residentMb(): Promise<number>
  brokerState(): Promise<'connected' | 'degraded'>
  stop(): Promise<void>
}

interface StageOptions {
  readonly accounts: readonly string[]
  readonly name: string
  /** Whether the broker comes up before the worker. */
  readonly withBroker: boolean
}

export async function startEventsStage({ accounts, name, withBroker }: StageOptions): Promise<EventsStage> {
  const dir = await mkdtemp(join(tmpdir(), 'bg-events-'))
  const port = await freePort()
  const proxy = await startTcpProxy({ port })
  const open: ChannelModel[] = []
  const oracles: ReadingsOracle[] = []
  let broker: RunningRabbitmq | null = null
  const startBroker = async () => {
    broker = await startRabbitmq({ env: process.env, dir: join(dir, 'broker'), port })
  }
  if (withBroker) await startBroker()
  const running = () => {
    if (!broker) throw new Error('the broker is not started yet')
    return broker
  }
  const clock = createVirtualClock({ startMs: Date.now() - ROOM_MS, speed: 0 })
  const system = await startSystem({
    name,
    workers: 1,
    // Two missed beats of 4 s instead of 10 s: above the 5 s that a confirm may take, within the patience of a test.
    variables: { RABBITMQ_URL: `${through(proxy, 'amqp://guest:guest@localhost')}?heartbeat=4` },
    simulator: { clock, vendorDelaySeconds: 0, users: usersOf(accounts) },
  })
  const { JWT_SECRET = '' } = system.variables
  const token = await tokenOf(JWT_SECRET, 'oracle', { scopes: ['bg:read', 'bg:any-user'] })
  const worker = () => {
    const [first] = system.workers
    if (!first) throw new Error('there is no worker')
    return first
  }
  const connection = async () => {
    const model = await connect(running().url)
    model.on('error', () => undefined)
    open.push(model)
    return model
  }
  const openOracle = async (queue = QUEUE) => {
    const oracle = await openReadingsOracle({
      url: running().url,
      queue,
      apiUrl: system.apiUrl,
      token,
      deliveryLimit: 3,
    })
    oracles.push(oracle)
    return oracle
  }

  return {
    system,
    proxy,
    token,
    get broker() {
      return running()
    },
    get oracle() {
      const [first] = oracles
      if (!first) throw new Error('no oracle was opened')
      return first
    },
    startBroker,
    async killBroker() {
      process.kill(-running().pid, 'SIGKILL')
      await running().stop()
    },
    async control(...args) {
      return (await run('/usr/lib/rabbitmq/bin/rabbitmqctl', ['-q', ...args], { env: { ...running().controlEnv } }))
        .stdout
    },
    confirmChannel: async () => (await connection()).createConfirmChannel(),
    async channel() {
      const channel = await (await connection()).createChannel()
      channel.on('error', () => undefined)
      return channel
    },
    openOracle,
    async connect(account, whole = true) {
      const person = await system.connect(`${account}-${name}`, account)
      if (whole) await untilHistoryIs('complete', person)
      return person
    },
    async more(people, readings = 3) {
      clock.advance(readings * CADENCE_MS)
      await Promise.all(
        people.map(async (person) => {
          const { status, json, text } = await person.call('POST', '/sync', { headers: { prefer: 'wait=20' } })
          if (json?.status !== 'completed') throw new Error(`a sync of ${person.userId} answered ${status}: ${text}`)
        }),
      )
    },
    async expectEverything(people) {
      for (const person of people) for (const oracle of oracles) await oracle.expectEverything(person)
    },
    told: (outcome, type = 'readings.changed') =>
      metric(worker(), `bg_events_published_total{type="io.bg-ingest.${type}.v1",outcome="${outcome}"}`),
    outboxPending: () => metric(worker(), 'bg_outbox_pending'),
    residentMb: async () => (await metric(worker(), 'process_resident_memory_bytes')) / 1e6,
    async brokerState() {
      const ready = await (await fetch(`${worker().url}/readyz`)).json()
      return (ready as { degraded: string[] }).degraded.includes('rabbitmq') ? 'degraded' : 'connected'
    },
    async stop() {
      await Promise.all(oracles.map((oracle) => oracle.close()))
      await Promise.all(open.map((model) => model.close().catch(() => undefined)))
      await system.stop()
      await proxy.close()
      await broker?.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A tenth of a day each, so that everybody has something to show when they connect. */
const usersOf = (accounts: readonly string[]): NonNullable<SimulatorOptions['users']> =>
  accounts.map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: name === 'long' ? 10 : 0.1 }))

/** Waits until the worker says that it reaches its broker, or that it does not. */
export const untilBrokerIs = (stage: EventsStage, state: 'connected' | 'degraded', ms = 20_000) =>
  until(`the worker finds its broker ${state}`, async () => (await stage.brokerState()) === state, ms)
