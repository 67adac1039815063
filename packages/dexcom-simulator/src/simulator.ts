import { createJournal, type Journal } from './admin/journal.ts'
import { createAlarms } from './alarms.ts'
import { createVirtualClock, type VirtualClock } from './clock.ts'
import { createDice } from './dice.ts'
import type { FaultRule } from './faults/fault-rule.ts'
import { createFaults } from './faults/faults.ts'
import { createInFlight } from './in-flight.ts'
import { LimitOptions } from './limits/limit-options.ts'
import { createManners, type MannersReport } from './manners/manners.ts'
import { type MannersRules, mannersViolations, type Violation } from './manners/violations.ts'
import type { GrantOptions } from './oauth/grants.ts'
import { type PushInput, PushOptions } from './push/push-options.ts'
import { type Region, type RegionSetting, startRegion } from './regions/region.ts'
import { type ApplicationOptions, type RegionInput, RegionOptions } from './regions/region-options.ts'
import { playScenario } from './scenarios/play-scenario.ts'
import type { Scenario } from './scenarios/scenario-file.ts'
import { SANDBOX_USERS, type SimulatedUser } from './users.ts'

/** A day of a thousand people polled every 900 s, at a few hundred bytes an entry. */
const JOURNAL_CAPACITY = 100_000

export interface SimulatorOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number
  readonly host?: string
  /** The same seed makes the same people and throws the same dice. */
  readonly seed?: string
  readonly clientId?: string
  readonly clientSecret?: string
  /** Matched letter by letter; none allows every loopback URI that ends in /oauth/callback. */
  readonly redirectUris?: readonly string[]
  readonly users?: readonly SimulatedUser[]
  readonly clock?: VirtualClock
  readonly accessTokenSeconds?: number
  /** How long readings from phones are held back: 3600 as in the US, 10800 elsewhere. */
  readonly vendorDelaySeconds?: number
  /** Added to every answer of the public API. */
  readonly latencyMs?: number
  /** What presenting a spent refresh token costs: this request, the whole session, or nothing for a while. */
  readonly refreshReuse?: GrantOptions['refreshReuse']
  /** How long a spent refresh token still works with `grace-window`; 30 unless told otherwise. */
  readonly graceSeconds?: number
  /** Time by which tokens live, milliseconds that only go forward. */
  readonly monotonicMs?: () => number
  /** Name of the region that the options above describe; `us` unless told otherwise. */
  readonly region?: string
  /** Further applications of that region. */
  readonly applications?: readonly ApplicationOptions[]
  /** How often an application of that region may call; no limit unless told otherwise. */
  readonly limits?: Readonly<Partial<LimitOptions>> | null
  /** Further regions, each on a port of its own. */
  readonly regions?: readonly RegionInput[]
  /** `iss` in the callback (RFC 9207): the region's address by `true`, a text as it stands; none by default. */
  readonly callbackIssuer?: boolean | string
  readonly push?: PushInput | null
  readonly faults?: readonly FaultRule[]
  /** Options and users that it names replace those above; its steps happen as time passes. */
  readonly scenario?: Scenario
  /** Told what a scenario does, a line each. */
  readonly onProgress?: (line: string) => void
}

export interface Simulator {
  /** Of the first region. */
  readonly baseUrl: string
  readonly clientId: string
  /** The one of now: it may be rotated. */
  readonly clientSecret: string
  readonly clock: VirtualClock
  /** By name, the first one first. */
  readonly regions: ReadonlyMap<string, Region>
  /** Rules of what goes wrong, for all regions. */
  readonly faults: { readonly add: (rule: FaultRule) => void; readonly clear: () => void }
  readonly journal: Pick<Journal, 'list' | 'clear'>
  readonly manners: () => MannersReport
  /** In what the client has misbehaved; empty where it has not. */
  readonly mannersViolations: (rules?: Partial<MannersRules>) => Violation[]
  /** Resolves when every step of the scenario has happened; at once without one. */
  readonly scenarioEnd: Promise<void>
  /** Ends every connection and stops listening. */
  readonly stop: () => Promise<void>
}

/** Starts a Dexcom. All state is in memory. Rejects where a port is taken or two users of a region share a name. */
export async function startSimulator(given: SimulatorOptions = {}): Promise<Simulator> {
  const options = withScenario(given)
  const { host = '127.0.0.1', seed = 'bg-ingest', scenario, latencyMs = 0, onProgress = () => undefined } = options
  const { monotonicMs = () => performance.now(), accessTokenSeconds = 7200, refreshReuse = 'reject-only' } = options
  const { callbackIssuer = false, graceSeconds, regions: further = [], clock = clockOf(scenario) } = options
  if (scenario && scenario.startMs !== clock.startMs) throw new RangeError('the clock does not start with the scenario')

  const alarms = createAlarms(clock, monotonicMs)
  const dice = createDice(seed)
  const faults = createFaults({ dice, nowMs: (base) => (base === 'virtual' ? clock.now() : Date.now()) })
  const [journal, manners] = [createJournal(JOURNAL_CAPACITY), createManners()]
  const books = { faults, journal, manners, inFlight: createInFlight(), clock, monotonicMs, dice, latencyMs }
  const graceMs = graceSeconds === undefined ? {} : { graceMs: graceSeconds * 1000 }
  const grants = { accessTokenSeconds, refreshReuse, ...graceMs }
  const stopping = new AbortController()
  const setting = { host, seed, books, alarms, grants, callbackIssuer, signal: stopping.signal }
  for (const rule of options.faults ?? []) faults.add(rule)

  const regions = new Map<string, Region>()
  const stop = async () => {
    stopping.abort()
    alarms.stop()
    await Promise.all([...regions.values()].map((region) => region.stop()))
  }
  try {
    const first = await startRegion(firstRegion(options), setting, true)
    regions.set(first.name, first)
    for (const region of further) await startFurther(RegionOptions.parse(region), setting, regions)
    if (options.push) first.push.set(PushOptions.parse(options.push))
    const scenarioEnd = playScenario(scenario, { regions, clock, alarms, faults, onProgress })
    const [{ client }] = first.applications
    return {
      baseUrl: first.baseUrl,
      clientId: client.id,
      get clientSecret() {
        return client.secret()
      },
      clock,
      regions,
      faults,
      journal,
      manners: manners.report,
      mannersViolations: (rules) => mannersViolations(manners.report(), rules),
      scenarioEnd,
      stop,
    }
  } catch (err) {
    await stop()
    throw err
  }
}

async function startFurther(options: RegionOptions, setting: RegionSetting, regions: Map<string, Region>) {
  if (regions.has(options.name)) throw new RangeError('two regions share a name')
  regions.set(options.name, await startRegion(options, setting, false))
}

function firstRegion(options: SimulatorOptions): RegionOptions {
  const {
    region = 'us',
    port = 0,
    users = SANDBOX_USERS,
    vendorDelaySeconds = 3600,
    limits,
    applications = [],
  } = options
  const { clientId = 'simulator-client', clientSecret = 'simulator-secret', redirectUris = [] } = options
  return {
    name: region,
    port,
    users,
    vendorDelaySeconds,
    applications: [{ clientId, clientSecret, redirectUris }, ...applications],
    limits: limits ? LimitOptions.parse(limits) : null,
  }
}

function withScenario(given: SimulatorOptions): SimulatorOptions {
  const { scenario } = given
  return scenario ? { ...given, ...scenario.options, users: scenario.users } : given
}

const clockOf = (scenario: Scenario | undefined): VirtualClock =>
  createVirtualClock(scenario ? { startMs: scenario.startMs, speed: scenario.speed } : {})
