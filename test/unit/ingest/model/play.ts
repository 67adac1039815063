import { setImmediate as turn } from 'node:timers/promises'
import { AppError, UserId } from '@bg-ingest/domain'
import { type Observer, type Ports, publishChanges, type SeenDigest, syncUser } from '@bg-ingest/ingest'
import { aConnection } from '../../../support/build.ts'
import { type Action, type CallName, type Script, WORKERS } from './actions.ts'
import { aBroker, type Broker } from './broker.ts'
import { aDatabase, type Database, memoryAccounts, memoryReadings } from './memory-store.ts'
import { aTruth, type Truth } from './truth.ts'
import { anEther, type Process } from './wire.ts'

const USER = UserId.parse('alice')
const LOOKBACK_MS = 26 * 3_600_000
const LEASE_OVER_MS = 16_000
/** More calls than any run makes; one that makes more does not come to its end. */
const ENDLESS = 300
const NEVER = new AbortController().signal
const FAR_FUTURE = '2036-01-01T00:00:00.000Z' as const

/** What may be taken out of the mechanism, to see that its loss is noticed. */
export type Sabotage = (ports: Ports, db: Database) => Ports

export interface World {
  readonly db: Database
  readonly truth: Truth
  readonly broker: Broker
  /** Errors of runs that nothing explains. */
  readonly surprises: unknown[]
}

/** Plays a script, then lets time pass, one clean sync run, whatever is still on its way land, and a last one. */
export async function play({ actions, landBefore }: Script, sabotage: Sabotage = (ports) => ports): Promise<World> {
  const ether = anEther()
  const db = aDatabase()
  const { tokens, ...connection } = aConnection({ userId: USER, dexcomUserId: 'dexcom' })
  const farAway = FAR_FUTURE as never
  db.connection = { ...connection, tokens: tokens && { ...tokens, expiresAt: farAway, refreshAt: farAway } }
  const world: World = { db, truth: aTruth(), broker: aBroker(), surprises: [] }
  const digests = new Map<string, SeenDigest>()
  let digestsWork = true
  let leases = 0

  const fetches = new Set<{ readonly process: Process; readonly signal: AbortSignal }>()
  /** A process that is frozen, or has aborted at its deadline, may have one on the wire; nobody else beside another. */
  const noteFetch = (process: Process, signal: AbortSignal) => {
    const others = [...fetches].filter((fetch) => !fetch.process.dead && !fetch.process.frozen && !fetch.signal.aborted)
    if (others.length > 0) world.surprises.push('two syncs fetch at once')
    const fetch = { process, signal }
    fetches.add(fetch)
    return () => fetches.delete(fetch)
  }
  const portsOf = (process: Process): Ports => {
    const { wire, clock } = process
    return sabotage(
      {
        accounts: memoryAccounts(db, wire, clock.now),
        readings: memoryReadings(db, wire),
        dexcom: world.truth.dexcom(wire, (signal) => noteFetch(process, signal)),
        publisher: world.broker.publisher(wire),
        vault: { open: async (_userId, _field, sealed) => sealed } as Ports['vault'],
        observer: new Proxy({}, { get: () => () => undefined }) as Observer,
        clock,
        pause: async () => undefined,
        newId: () => {
          leases += 1
          return `lease-${leases}`
        },
        digests: {
          read: async (userId) => digests.get(userId) ?? null,
          write: async (userId, digest) => void (digestsWork && digests.set(userId, digest)),
          forget: async (userId) => void digests.delete(userId),
          hash: (text) => text,
        },
      },
      db,
    )
  }
  const begin = (process: Process, what: 'poll' | 'manual' | 'publish'): Promise<unknown> => {
    const options = {
      lookbackMs: LOOKBACK_MS,
      reconcileEveryMs: Number.MAX_SAFE_INTEGER,
      retentionDays: 0,
      vendorDelayMs: () => 0,
    }
    const ports = portsOf(process)
    return what === 'publish'
      ? publishChanges(ports, USER, NEVER)
      : syncUser(ports, options, { userId: USER, trigger: what }, NEVER)
  }

  const running = new Map<number, Process>()
  const start = (worker: number, what: 'poll' | 'manual' | 'publish') => {
    if (running.has(worker)) return
    const process = ether.process()
    running.set(worker, process)
    void begin(process, what)
      .catch((err) => {
        if (!isExpected(err)) world.surprises.push(err)
      })
      .finally(() => running.get(worker) === process && running.delete(worker))
  }
  const runCalls = async (process: Process | undefined, calls: number, until: CallName = 'end') => {
    for (let call = 0; call < calls && process?.pending.length; call += 1) {
      // The first goes in any case, else nobody would ever get past that call.
      if (call > 0 && process.pending[0]?.name === until) return
      process.deliver()
      await turn()
    }
  }

  const carryOut = async (action: Action) => {
    const process = 'worker' in action ? running.get(action.worker) : undefined
    switch (action.do) {
      case 'poll':
      case 'manual':
      case 'publish':
        return start(action.worker, action.do)
      case 'run':
        return runCalls(process, ENDLESS, action.until)
      case 'step':
        return runCalls(process, action.calls)
      case 'lose':
        return process?.lose()
      case 'haunt':
        return process?.haunt()
      case 'refuse':
        return process?.refuse()
      case 'crash':
        process?.crash()
        return void running.delete(action.worker)
      case 'freeze':
        if (process) process.frozen = true
        return
      case 'wake':
        return process?.wake()
      case 'land':
        return ether.ghosts.splice(action.ghost, 1).forEach(land)
      case 'drop':
        return void ether.ghosts.splice(action.ghost, 1)
      case 'wait':
        return ether.advance(action.ms)
      case 'broker':
        world.broker.room = action.room
        return
      case 'measure':
        return world.truth.put(action.slot, action.glucose)
      case 'take back':
        return world.truth.takeBack()
      case 'move':
        return world.truth.move()
      case 'lose digests':
        return digests.clear()
      case 'digests':
        digestsWork = action.working
        return
    }
  }

  for (const action of actions) {
    await carryOut(action)
    await turn()
  }

  const landAll = () => ether.ghosts.splice(0).forEach(land)
  /** Runs as the queue would: again, where what was still on its way came in between. */
  const cleanSync = async (before: CallName, tries = 3): Promise<void> => {
    ether.advance(LEASE_OVER_MS)
    const process = ether.process()
    let outcome: unknown = new Error('the sync does not end')
    const run = begin(process, 'manual').then(
      () => {
        outcome = null
      },
      (err) => {
        outcome = err
      },
    )
    await turn()
    await runCalls(process, ENDLESS, before)
    landAll()
    await runCalls(process, ENDLESS)
    if (isExpected(outcome) && tries > 1) return cleanSync('end', tries - 1)
    if (outcome) world.surprises.push(outcome)
    else await run
  }
  world.broker.room = Number.POSITIVE_INFINITY
  await cleanSync(landBefore)
  for (let worker = 0; worker < WORKERS; worker += 1) {
    const process = running.get(worker)
    process?.wake()
    await turn()
    await runCalls(process, ENDLESS)
  }
  await cleanSync('end')
  return world
}

/** Nobody hears what becomes of it. */
function land(call: () => void): void {
  try {
    call()
  } catch (err) {
    if (!(err instanceof AppError)) throw err
  }
}

const EXPECTED = new Set(['lease_taken', 'lease_lost', 'service_unavailable'])
const isExpected = (err: unknown): boolean => err instanceof AppError && EXPECTED.has(err.code)
