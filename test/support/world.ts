import { randomUUID } from 'node:crypto'
import { AppError, type Measurement, toInstant } from '@bg-ingest/domain'
import { connectUser, type Ports, type SyncOutcome, type SyncRequest, syncUser } from '@bg-ingest/ingest'
import { createAccountWriter, createReadingWriter } from '@bg-ingest/store/write'
import { aMeasurement, aUserId } from './build.ts'
import { aClock } from './clock.ts'
import type { TestDynamo, Units } from './dynamo.ts'
import type { Mortal } from './mortal.ts'
import { recordingPublisher } from './recording-publisher.ts'
import { GOOD_CODE, scriptedDexcom } from './scripted-dexcom.ts'

export const HOUR_MS = 3_600_000
export const LOOKBACK_MS = 26 * HOUR_MS
export const VENDOR_DELAY_MS = 60 * 60_000
/** Longer than a lease lives. */
export const LEASE_OVER_MS = 16_000

/** Vault that hides nothing but knows whose token it is, and which. */
const vault: Ports['vault'] = {
  seal: async (userId, field, plain) => `${userId}|${field}|${plain}`,
  open: async (userId, field, sealed) => {
    if (!sealed.startsWith(`${userId}|${field}|`)) throw new AppError('token_unreadable', 'sealed for something else')
    return sealed.slice(userId.length + field.length + 2).replace(/#\d+$/, '')
  },
}

/** One person, a scripted Dexcom, a broker that can refuse, a clock that stands still, and the real store. */
export function aWorld(dynamo: TestDynamo, { retentionDays = 0 } = {}) {
  const clock = aClock()
  const dexcom = scriptedDexcom(clock.now)
  const publisher = recordingPublisher()
  const userId = aUserId('person')
  const readingUnits: Units[] = []
  const counted = new Map<string, number>()
  const never = new AbortController().signal

  /** The store of a worker with a clock of its own. */
  const accountsAt = (now: () => number) => createAccountWriter(dynamo.client(), dynamo.tables.accounts, now)
  const accounts = accountsAt(clock.now)
  const readings = createReadingWriter(
    dynamo.client((used) => readingUnits.push(used)),
    { table: dynamo.tables.readings, retentionDays, now: clock.now },
  )
  const ports: Ports = {
    accounts,
    readings,
    dexcom,
    vault,
    publisher,
    observer: {
      readings: (type, result, count) =>
        counted.set(`${type} ${result}`, (counted.get(`${type} ${result}`) ?? 0) + count),
      vanished: (type, count) => counted.set(`${type} vanished`, (counted.get(`${type} vanished`) ?? 0) + count),
      readingLag: () => undefined,
      unknownValues: () => undefined,
      tokenRefresh: (outcome) => counted.set(`token ${outcome}`, (counted.get(`token ${outcome}`) ?? 0) + 1),
      connectionProblem: (code) => counted.set(`problem ${code}`, (counted.get(`problem ${code}`) ?? 0) + 1),
    },
    clock,
    pause: async (ms) => clock.advance(ms),
    newId: randomUUID,
  }
  /** The ports of another process of the fleet, which may die. */
  const portsOf = (mortal: Mortal): Ports => ({
    ...ports,
    accounts: mortal.guard(accounts),
    readings: mortal.guard(readings),
    dexcom: mortal.guard(dexcom),
    // What the process knows of the broker is no call.
    publisher: { ...mortal.guard(publisher), state: publisher.state },
  })

  const sync = (
    request: Partial<SyncRequest> = {},
    as: Ports = ports,
    retentionDays = 0,
    stop = never,
  ): Promise<SyncOutcome> =>
    syncUser(
      as,
      { lookbackMs: LOOKBACK_MS, reconcileEveryMs: 24 * HOUR_MS, retentionDays, vendorDelayMs: () => VENDOR_DELAY_MS },
      { userId, trigger: 'poll', ...request },
      stop,
    )
  let redirects = 0
  /** `redirect` names one that was seen before: its job is delivered again. Sealed texts are never equal otherwise. */
  const connect = (code = GOOD_CODE, as: Ports = ports, redirect?: number) => {
    redirects += 1
    const sealedCode = `${userId}|oauth_code|${code}#${redirect ?? redirects}`
    return connectUser(as, { userId, region: 'default', sealedCode }, never)
  }

  const stored = () => readings.between(userId, { fromMs: 0, toMs: Date.UTC(9999, 0) })
  /** State of the person, as the next run would find it. */
  const state = async () => {
    const id = randomUUID()
    const taken = await accounts.takeLease(userId, id, { ttlMs: 1_000, revive: false })
    if (!taken) throw new Error('the lease is not free')
    await accounts.finish(userId, { id, fence: taken.fence }, {})
    return taken.state
  }
  const connection = () => accounts.connection(userId)
  const readingWrites = () =>
    readingUnits.filter(({ kind }) => kind === 'write').reduce((sum, { units }) => sum + units, 0)
  return {
    clock,
    dexcom,
    publisher,
    userId,
    accounts,
    accountsAt,
    readings,
    ports,
    portsOf,
    never,
    counted,
    sync,
    connect,
    stored,
    state,
    connection,
    readingWrites,
  }
}

export type World = ReturnType<typeof aWorld>

/** A measurement so many milliseconds before now. */
export const ago = ({ clock }: World, ms: number, over: Partial<Measurement> = {}): Measurement =>
  aMeasurement({ ...over, timestamp: toInstant(clock.now() - ms) })
