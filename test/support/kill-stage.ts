import { randomUUID } from 'node:crypto'
import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { createVirtualClock, type SimulatorOptions, type VirtualClock } from '@bg-ingest/dexcom-simulator'
import { tokenOf } from './e2e-client.ts'
import { type Listener, listen } from './e2e-events.ts'
import { type AppProcess, killApp, type ListeningApp } from './e2e-process.ts'
import { aPerson, fromRunner, type System, startSystem } from './e2e-system.ts'
import { type ArmedProcess, type KillOrder, spawnArmed } from './kill-order.ts'
import { untilConverged } from './oracle-convergence.ts'
import { openWitness, type Watched, type Witness } from './oracle-evidence.ts'
import type { Allowed } from './oracles.ts'
import { openReadingsOracle, type ReadingsOracle } from './readings-oracle.ts'
import { until } from './until.ts'

const HOUR_MS = 3_600_000
/** Ten minutes pass in a second: two readings of everybody. */
const SPEED = 600
/** Data flow for less than this, virtually; what lies beyond would be later than our own present. */
export const ROOM_HOURS = 90
/** Lease 15 s, lock 10 s and a look for stalled jobs every 3 s are constants of the product; the rest is work. */
const HEALED_WITHIN_MS = 25_000
/** A busy machine is not at fault: what the same takes without any fault comes on top, so many times. */
const SLOWNESS = 4
/** The first imports everybody; after it comes the measure for the others, one without anything to do. */
const FIRST_WITHIN_MS = 120_000

/** A system under real kills: people, data that flow while the clock runs, workers with orders, and the oracles. */
export interface KillStage {
  readonly system: System
  readonly listener: Listener
  /** The reference consumer of packages/client, on a queue of its own. */
  readonly oracle: ReadingsOracle
  readonly witness: Witness
  readonly people: readonly Watched[]
  /** Every worker that was ever started. */
  readonly processes: readonly AppProcess[]
  /** What was done to whom, for the report of a failure. */
  readonly notes: readonly string[]
  note(what: string): void
  connect(account: string): Promise<Watched>
  /** From now on the oracles do not look at this person, and nobody asks for them. */
  leaveOut(watched: Watched): void
  lookAgainAt(watched: Watched): void
  /** As a person does whose grant has ended. */
  connectAgain(watched: Watched): Promise<void>
  arm(order: KillOrder, variables?: Readonly<Record<string, string>>): ArmedProcess
  /** Lets the data flow. */
  flow(): void
  /** Waits for a process to come to its order, with everybody asked for now and then. */
  reached(armed: ArmedProcess): Promise<void>
  /**
   * Stops the data, asks once for everybody, and waits until all oracles are content, `healedMs` at most beside what a
   * slow machine is allowed; answers how many ms that took.
   */
  converge(allowed?: (watched: Watched) => Allowed, healedMs?: number): Promise<number>
  startWorker(): Promise<ListeningApp>
  /** The state item of a person, as it is stored. */
  state(person: Watched['person']): Promise<Readonly<Record<string, unknown>>>
}

const LATENCY_MS = 50
const ASK_EVERY_MS = 1_000
const REACHED_WITHIN_MS = 90_000
/** Characters of a process's output that a failure shows. */
const LOG_TAIL = 2_000

export interface StageOptions {
  readonly users: (startMs: number) => NonNullable<SimulatorOptions['users']>
  readonly simulator?: SimulatorOptions
  readonly workers: number
  /** Beside, and before, what every stage sets: backends that are reached another way. */
  readonly variables?: Readonly<Record<string, string>>
  /** Hears what the service tells; the runner's broker unless told otherwise. */
  readonly hear?: () => Promise<Listener>
  /** Where the reference consumer listens; at the runner's broker unless told otherwise. */
  readonly brokerUrl?: string
  /** Where the witness looks into Redis; as the workers do unless told otherwise. */
  readonly redisUrl?: string
}

export interface OpenStage extends KillStage {
  close(): Promise<void>
}

/** Sets a stage up before the tests of the describe block around it, and takes it down after them. */
export function useKillStage(options: StageOptions): KillStage {
  let stage: OpenStage | null = null
  before(async function () {
    this.timeout(120_000)
    stage = await openKillStage(options)
  })
  after(async function () {
    this.timeout(120_000)
    await stage?.close()
  })
  return new Proxy({} as KillStage, {
    get(_, property) {
      if (!stage) throw new Error('the stage is not set up yet')
      return Reflect.get(stage, property)
    },
  })
}

export async function openKillStage(options: StageOptions): Promise<OpenStage> {
  const startMs = Math.floor(Date.now() / 1_000) * 1_000 - ROOM_HOURS * HOUR_MS
  const clock = createVirtualClock({ startMs, speed: 0 })
  const system = await startSystem({
    workers: options.workers,
    variables: { POLL_INTERVAL_SECONDS: '2', ...options.variables },
    simulator: {
      clock,
      users: options.users(startMs),
      // A spent refresh token ends the session: no second try is free.
      refreshReuse: 'strict-family',
      vendorDelaySeconds: 0,
      // A call takes its time, so that two at once are seen.
      latencyMs: LATENCY_MS,
      ...options.simulator,
    },
  })
  try {
    const listener = await (options.hear ?? listen)()
    const ours = new Set<string>()
    const oracle = await openReadingsOracle({
      url: options.brokerUrl ?? fromRunner('RABBITMQ_URL'),
      queue: `oracle.${randomUUID()}`,
      apiUrl: system.apiUrl,
      token: await tokenOf(system.variables.JWT_SECRET ?? '', 'oracle', { scopes: ['bg:read', 'bg:any-user'] }),
      isOurs: (userId) => ours.has(userId),
    })
    const witness = openWitness(system, { listener, oracle }, options.redisUrl)
    return createStage({ system, clock, listener, oracle, witness, ours })
  } catch (err) {
    await system.stop()
    throw err
  }
}

interface Setting {
  readonly system: System
  readonly clock: VirtualClock
  readonly listener: Listener
  readonly oracle: ReadingsOracle
  readonly witness: Witness
  /** Ids of everybody who is connected here: the oracle has to know them before their first message. */
  readonly ours: Set<string>
}

function createStage({ system, clock, listener, oracle, witness, ours }: Setting): OpenStage {
  const people: Watched[] = []
  const own: AppProcess[] = []
  const notes: string[] = []
  let faultFreeMs: number | null = null
  const startedAt = performance.now()
  const note = (what: string) => notes.push(`  ${((performance.now() - startedAt) / 1_000).toFixed(1)} s ${what}`)
  const askFor = ({ person }: Watched) => person.call('POST', '/sync')
  const ask = () => Promise.all(people.map(askFor))
  // One pace, however many processes are waited for at once.
  const nextAsk = everyMs(ASK_EVERY_MS)
  return {
    system,
    listener,
    oracle,
    witness,
    people,
    get processes() {
      return [...system.workers, ...own]
    },
    notes,
    note,
    async connect(account) {
      const userId = aPerson(account)
      ours.add(userId)
      const watched = { person: await system.connect(userId, account), account }
      people.push(watched)
      return watched
    },
    leaveOut: (watched) => void people.splice(people.indexOf(watched), 1),
    lookAgainAt: (watched) => void people.push(watched),
    async connectAgain({ person, account }) {
      await system.connect(person.userId, account)
    },
    arm(order, variables) {
      const armed = spawnArmed('worker', { ...system.variables, ...variables }, order)
      own.push(armed)
      return armed
    },
    flow: () => clock.setSpeed(SPEED),
    async reached(armed) {
      await until(
        `a worker comes to its order at ${armed.order.step}`,
        async () => {
          if (nextAsk()) await ask()
          return armed.hasReached()
        },
        REACHED_WITHIN_MS,
      ).catch((cause) => {
        throw new Error(`order at ${armed.order.step} not reached:\n${armed.output().slice(-LOG_TAIL)}`, { cause })
      })
    },
    async converge(allowed, healedMs = HEALED_WITHIN_MS) {
      clock.setSpeed(0)
      await ask()
      const withinMs = faultFreeMs === null ? FIRST_WITHIN_MS : healedMs + SLOWNESS * faultFreeMs
      const options = { withinMs, ask: askFor, ...(allowed && { allowed }) }
      const ms = await untilConverged(witness, people, options).catch((cause) => {
        throw new Error(`${cause.message}\ndone so far:\n${notes.join('\n')}`, { cause })
      })
      if (faultFreeMs === null) {
        await ask()
        faultFreeMs = await untilConverged(witness, people, options)
        note(`nothing to do takes ${faultFreeMs} ms`)
      }
      note(`converged after ${ms} ms`)
      return ms
    },
    async state({ userId }) {
      const TableName = system.variables.DYNAMODB_ACCOUNTS_TABLE
      const Key = { userId, item: 'state' }
      const { Item = {} } = await system.dynamo.send(new GetCommand({ TableName, Key, ConsistentRead: true }))
      return Item
    },
    async startWorker() {
      const worker = await system.startWorker()
      note(`worker ${worker.pid} started`)
      return worker
    },
    async close() {
      await Promise.all(own.map(killApp))
      await witness.close()
      await listener.close()
      await oracle.close()
      await system.stop()
    },
  }
}

/** True at most every so many milliseconds. */
function everyMs(ms: number): () => boolean {
  let last = performance.now()
  return () => {
    if (performance.now() - last < ms) return false
    last = performance.now()
    return true
  }
}
