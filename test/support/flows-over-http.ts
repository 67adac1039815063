import { createDexcomClient } from '@bg-ingest/dexcom'
import { createVirtualClock, type SimulatedUser, type SimulatorOptions } from '@bg-ingest/dexcom-simulator'
import { importHistory, type Ports, reconcileUser } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { consume } from './convergence.ts'
import { type TestDynamo, useDynamo } from './dynamo.ts'
import { heldOf, type Truth, unlikeTruth } from './held-truth.ts'
import { REDIRECT, visitSimulator } from './simulator-visitor.ts'
import { aWorld, HOUR_MS } from './world.ts'

/** Short enough for a test, long enough for a loaded machine to answer in. */
const PATIENT = { connect: 2_000, response: 4_000, request: 5_000 }
/** For cases in which nothing will come anyhow. */
export const HASTY = { connect: 300, response: 400, request: 500 }
export const MINUTE_MS = 60_000

type GatesGiven = Parameters<typeof createDexcomClient>[0]['gates']

/** Lets every call through: the budget is not the subject. */
const OPEN_GATE: GatesGiven = {
  of: () => ({ schedule: (_priority, _signal, call) => call(), pause: () => undefined, waiting: () => 0 }),
}

type Account = SimulatedUser extends infer User ? (User extends unknown ? Omit<User, 'name'> : never) : never

interface FlowsOptions {
  /** Who the person is at Dexcom; two hours of a quiet phone where nothing is said. */
  readonly account?: Account
  readonly simulator?: SimulatorOptions
  readonly gates?: GatesGiven
}

/**
 * The real flows with the real store and the real client, against a simulator over HTTP: one person, `ada` at Dexcom, and
 * one clock for all of them, by which tokens age too. It stands still unless `go` moves it.
 */
export async function flowsOverHttp(dynamo: TestDynamo, options: FlowsOptions = {}) {
  const { account = { kind: 'generated', profile: 'quiet', historyDays: 0.1 }, gates = OPEN_GATE } = options
  const world = aWorld(dynamo)
  const clock = createVirtualClock({ startMs: world.clock.now(), speed: 0 })
  const at = await visitSimulator({
    clock,
    monotonicMs: world.clock.monotonic,
    refreshReuse: 'strict-family',
    users: [{ name: 'ada', ...account } as SimulatedUser],
    ...options.simulator,
  })
  const { simulator } = at
  const told = { redirects: 0, circuits: [] as string[] }
  /** A client as another process has it. */
  const client = (
    given: { readonly gates?: GatesGiven; readonly baseUrl?: string; readonly data?: typeof PATIENT } = {},
  ) =>
    createDexcomClient({
      regions: [
        {
          name: 'default',
          baseUrl: given.baseUrl ?? simulator.baseUrl,
          clientId: simulator.clientId,
          clientSecret: simulator.clientSecret,
        },
      ],
      redirectUri: REDIRECT,
      gates: given.gates ?? gates,
      clock: { now: world.clock.now },
      timeouts: { data: given.data ?? PATIENT, token: PATIENT },
      watch: {
        request: () => undefined,
        circuit: (_region, state) => told.circuits.push(state),
        tokenStop: () => undefined,
        redirect: () => {
          told.redirects += 1
        },
      },
    })
  const ports: Ports = { ...world.ports, dexcom: client() }

  const go = (ms: number) => {
    world.clock.advance(ms)
    clock.advance(ms)
  }
  const connect = async (as: Ports = ports, user = 'ada') => world.connect(await at.code(user), as)
  const sync = (as: Ports = ports) => world.sync({}, as)
  const history = async (retentionDays = 0) => {
    const limits = { retentionDays, stopping: () => false }
    while ((await importHistory(ports, limits, world.userId, world.never)).more);
  }
  const reconcile = async () => {
    while ((await reconcileUser(ports, { retentionDays: 0 }, world.userId, world.never)).more);
  }
  const fault = (rule: object) => at.sim('POST', 'faults', rule)
  const heal = () => at.sim('DELETE', 'faults')
  const setOptions = (changed: object, user = 'ada') => at.sim('POST', 'options', { user, options: changed })
  const setQuirks = (quirks: object, user = 'ada') => at.sim('POST', 'quirks', { user, quirks })
  type Endpoint = 'egvs' | 'calibrations' | 'events' | 'dataRange' | 'token'
  const calls = (endpoint: Endpoint) => simulator.journal.list({ endpoint }).length

  /** What is stored and alive, oldest first. */
  const held = async () => heldOf([...(await world.stored()).values()])
  const truth = async (user = 'ada'): Promise<Truth> => (await at.sim('GET', `truth?user=${user}`)).body
  /** Stored is what Dexcom shows, each reading once, and the world was told of exactly that. */
  const expectTruth = async (user = 'ada') => {
    const shown = await truth(user)
    const readings = await held()
    expect(unlikeTruth(readings, shown)).to.deep.equal([])
    const alive = [...(await world.stored()).values()].filter(({ deleted }) => !deleted)
    const { committedSequence, publishedSequence } = await world.state()
    expect(publishedSequence).to.equal(committedSequence)
    const heard = consume(world)
    expect(heard.through).to.equal(committedSequence)
    const numbers = (all: Iterable<{ readonly sequence: number }>) => [...all].map(({ sequence }) => sequence).sort()
    expect(numbers(heard.readings.values())).to.include.members(numbers(alive))
    return readings
  }
  /** Ends the simulator; whatever the case was about, the client has kept its manners. */
  const stop = async (rules: Parameters<typeof simulator.mannersViolations>[0] = {}) => {
    const violations = simulator.mannersViolations(rules)
    await simulator.stop()
    expect(violations).to.deep.equal([])
  }

  return {
    ...{ world, at, simulator, ports, client, told, go, connect, sync, history, reconcile, fault, heal, setOptions },
    ...{ setQuirks, calls, held, truth, expectTruth, stop },
  }
}
export type Flows = Awaited<ReturnType<typeof flowsOverHttp>>

/** A phone's readings, so many hours before `nowMs`, one each `everyMinutes`, from the first to before the second. */
export const readingsBetween = (nowMs: number, fromHours: number, toHours: number, everyMinutes = 5) =>
  Array.from({ length: ((fromHours - toHours) * 60) / everyMinutes }, (_, i) => ({
    systemTimeMs: nowMs - fromHours * HOUR_MS + i * everyMinutes * MINUTE_MS,
    value: 80 + ((i * 37) % 150),
    trend: 'flat' as const,
  }))

type Manners = Parameters<Flows['stop']>[0]

/**
 * For a describe block: `connected` gives a test its person, connected, and behind each test the simulator is ended and the
 * client's manners are judged, but for what the test has said it `allows`.
 */
export function useFlowsOverHttp({ countFromConnected = false } = {}) {
  const dynamo = useDynamo()
  let flows: Flows
  let allowed: Manners = {}
  beforeEach(() => {
    allowed = {}
  })
  afterEach(() => flows.stop(allowed))

  const opened = async (options?: FlowsOptions): Promise<Flows> => {
    flows = await flowsOverHttp(dynamo, options)
    return flows
  }
  const connected = async (options?: FlowsOptions): Promise<Flows> => {
    await opened(options)
    await flows.connect()
    if (countFromConnected) flows.simulator.journal.clear()
    return flows
  }
  const allow = (manners: Manners) => {
    allowed = manners
  }
  return { opened, connected, allow }
}
