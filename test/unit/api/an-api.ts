import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AppNeeds, createApp, createRequestAudit } from '@bg-ingest/api/parts'
import type { AuditEvent } from '@bg-ingest/audit'
import { type ReadingType, readingKey, type StoredReading, UserId } from '@bg-ingest/domain'
import { createContentHasher, createCursorCodec, createTokenVerifier, signDevelopmentToken } from '@bg-ingest/security'
import { createLogger, createMetrics } from '@bg-ingest/telemetry'
import { aClock } from '../../support/clock.ts'
import { type Answer, type Ask, send } from './http-call.ts'

export const ALICE = UserId.parse('alice')
export const BOB = UserId.parse('bob')
const REDIRECT_URI = 'https://bg.example.com/oauth/callback'

const SECRET = 'a-secret-for-tests-0123456789-0123456789'
const KEYS = [{ id: 'k1', key: Buffer.alloc(32, 1) }]
const SCOPES = ['bg:read', 'bg:sync', 'bg:connect']

type Entry = NonNullable<Awaited<ReturnType<AppNeeds['entries']['read']>>>
type Account = Awaited<ReturnType<AppNeeds['accounts']['account']>>
type SyncStatus = NonNullable<Awaited<ReturnType<AppNeeds['syncs']['status']>>>
type Counting = AppNeeds['counting']
type Readiness = Awaited<ReturnType<AppNeeds['readiness']>>

export const NOBODY: Account = {
  connection: null,
  state: {
    committedSequence: 0,
    publishedSequence: 0,
    newestAt: null,
    lastAttemptAt: null,
    lastSuccessAt: null,
    completeThrough: null,
    slowRecordsAt: null,
    history: { state: 'none', from: null, to: null, through: null, readings: 0 },
    reconcile: { at: null, rounds: 0, startedAt: null, from: null, through: null },
  },
}

export const CONNECTED: Account = {
  connection: {
    userId: ALICE,
    status: 'connected',
    region: 'default',
    connectedAt: null,
    dexcomUserId: null,
    pollIntervalSeconds: null,
    paused: false,
    problem: null,
  },
  state: NOBODY.state,
}

export const aSync = (over: Partial<SyncStatus> = {}): SyncStatus => ({
  jobId: 'job_0',
  userId: ALICE,
  status: 'queued',
  trigger: 'manual',
  result: null,
  error: null,
  ...over,
})

/** What stands behind the API: set by a test, and asked afterwards what the API did to it. */
function aBackground() {
  return {
    readings: [] as StoredReading[],
    account: CONNECTED,
    /** What stands in Redis of a person; null: nothing, and the store is asked. */
    entry: null as Entry | null,
    /** How late the event loop is said to be. */
    lagMs: 0,
    /** Thrown by every look at the store. */
    storeFault: null as unknown,
    /** The store fails from this many looks on. */
    faultAfterReads: Number.POSITIVE_INFINITY,
    syncs: new Map<string, SyncStatus>(),
    /** What a wait for any job comes to. */
    outcome: null as SyncStatus | null,
    waits: [] as number[],
    attached: false,
    /** Thrown by every call of the queue. */
    queueFault: null as unknown,
    requested: [] as unknown[],
    deliveries: [] as Parameters<AppNeeds['producer']['acceptWebhook']>[0][],
    /** Plain texts by the field that they were sealed for, the last of each. */
    sealed: new Map<string, string>(),
    enqueued: [] as { readonly key: string; readonly input: unknown }[],
    tickets: new Map<string, Readonly<Record<string, string | null>>>(),
    reads: 0,
    /** Every look at a range waits for this. */
    hold: null as Promise<void> | null,
    readiness: { ready: true, missing: [], degraded: [] } as Readiness,
    log: [] as string[],
    /** What went on record; counted requests when the API closes. */
    audit: [] as AuditEvent[],
  }
}
export type Background = ReturnType<typeof aBackground>

type Doubles = Omit<
  AppNeeds,
  'verifier' | 'sender' | 'logger' | 'metrics' | 'config' | 'board' | 'counting' | 'lagMs' | 'audit'
>

function doubles(behind: Background, now: () => number): Doubles {
  const look = <T>(found: T): T => {
    behind.reads += 1
    if (behind.storeFault !== null) throw behind.storeFault
    if (behind.reads > behind.faultAfterReads) throw new Error('the store has gone')
    return found
  }
  const queue = <T>(answer: T): T => {
    if (behind.queueFault !== null) throw behind.queueFault
    return answer
  }
  const inOrder = (order: 'asc' | 'desc') =>
    [...behind.readings].sort((a, b) => (readingKey(a) < readingKey(b) ? -1 : 1) * (order === 'asc' ? 1 : -1))
  return {
    now,
    readings: {
      latest: async () => look(inOrder('desc').find(({ type }) => type === 'cgm') ?? null),
      async range({ from, to, order, limit, types, after }) {
        await behind.hold
        const inside = look(inOrder(order)).filter(
          ({ timestamp, type }) => timestamp >= from && timestamp < to && types.has(type as ReadingType),
        )
        const start = after ? inside.findIndex((reading) => readingKey(reading) === after) + 1 : 0
        const readings = inside.slice(start, start + limit)
        const more = inside.length > start + limit
        return { readings, last: more ? readingKey(readings.at(-1) as StoredReading) : null }
      },
    },
    // What is stored is committed, as it is behind every run.
    accounts: {
      account: async () => {
        const { connection, state } = look(behind.account)
        const committedSequence = Math.max(state.committedSequence, ...behind.readings.map(({ sequence }) => sequence))
        return { connection, state: { ...state, committedSequence } }
      },
    },
    entries: { read: async () => behind.entry },
    feed: {
      async changes(_userId, after, limit) {
        const all = look(behind.readings).toSorted((a, b) => a.sequence - b.sequence)
        const latestSequence = all.at(-1)?.sequence ?? 0
        const page = all.filter(({ sequence }) => sequence > after).slice(0, limit)
        const changes = page.map((reading) => ({ sequence: reading.sequence, kind: 'created' as const, reading }))
        return { through: page.at(-1)?.sequence ?? after, latestSequence, changes }
      },
    },
    producer: {
      async requestSync(sync) {
        behind.requested.push(sync)
        return queue({ jobId: 'job_0', attached: behind.attached })
      },
      async acceptWebhook(delivery) {
        const earlier = queue(behind.deliveries.find(({ webhookId }) => webhookId === delivery.webhookId))
        if (!earlier) behind.deliveries.push(delivery)
        const { userId, digest } = earlier ?? delivery
        const same = { samePerson: userId === delivery.userId, sameBody: digest === delivery.digest }
        return { jobId: 'job_w', duplicate: earlier !== undefined, ...same }
      },
      async enqueue(key, input) {
        behind.enqueued.push({ key, input })
        return queue({ jobId: 'job_0' })
      },
    },
    syncs: {
      status: async (userId, jobId) => {
        const found = queue(behind.syncs.get(jobId))
        return found?.userId === userId ? found : null
      },
      wait: async (_userId, _jobId, ms) => {
        behind.waits.push(ms)
        return queue(behind.outcome)
      },
    },
    connects: {
      wait: async (_userId, _jobId, ms) => {
        behind.waits.push(ms)
        return queue(behind.outcome)
      },
    },
    tickets: {
      async put(kind, token, value) {
        queue(behind.tickets.set(`${kind} ${token}`, value))
      },
      async take(kind, token) {
        const value = queue(behind.tickets.get(`${kind} ${token}`)) ?? null
        behind.tickets.delete(`${kind} ${token}`)
        return value
      },
    },
    vault: {
      seal: async (userId, field, plain) => {
        behind.sealed.set(field, plain)
        return `sealed ${field} of ${userId}`
      },
    },
    cursors: createCursorCodec(KEYS),
    hashBody: createContentHasher(KEYS, 'webhook'),
    polls: {
      pollIntervalMs: 900_000,
      shortestPollMs: 60_000,
      vendorDelayMs: (region) => (region === 'EU' ? 3 : 1) * 3_600_000,
    },
    readiness: async () => behind.readiness,
  }
}

export interface TestApi {
  readonly behind: Background
  readonly now: () => number
  readonly port: number
  /** Everything is forgotten; the log stays. */
  reset(): void
  ask(path: string, ask?: Ask): Promise<Answer>
  token(sub: string, scopes?: readonly string[], audience?: string): Promise<string>
  metrics(): Promise<{ readonly body: string }>
  /** Every address that Express was given, as it was given. */
  addresses(): readonly string[]
  stopping(): void
  /** Puts counted requests on record at once. */
  settleAudit(): void
  close(): Promise<void>
}

/** Counts as the script of the limits does, for tests that are about something else. */
function countingInMemory(): Counting {
  const hits = new Map<string, number>()
  return {
    ready: () => true,
    async call(_command, _script, count = '0', ...args) {
      const keys = args.slice(0, Number(count))
      const [windowMs, ...more] = args.slice(Number(count))
      return keys.flatMap((key, i) => {
        hits.set(key, (hits.get(key) ?? 0) + Number(more[i]))
        return [hits.get(key), Number(windowMs)]
      })
    },
  }
}
const UNLIMITED = { limit: 1_000_000, windowMs: 60_000 }

/** As the API's own server. */
const KEEP_ALIVE_MS = 75_000

export const WEBHOOK_AUDIENCE = 'bg-ingest-webhook'
export const WEBHOOK_SECRET = Buffer.alloc(32, 5)
export const OLD_WEBHOOK_SECRET = Buffer.alloc(32, 6)

export interface ApiOptions {
  /** In place of one that trusts the tokens of this API. */
  readonly verifier?: AppNeeds['verifier']
  readonly sender?: Partial<AppNeeds['sender']>
  readonly redirectUri?: string
  readonly pkce?: boolean
  readonly board?: AppNeeds['board']
  readonly counting?: Counting
  readonly rateLimits?: Partial<AppNeeds['config']['http']['rateLimits']>
  readonly trustProxy?: AppNeeds['config']['http']['trustProxy']
  /** In place of `behind.lagMs`. */
  readonly lagMs?: () => number
  /** `debug` where it is not said: each call is a line of the log. */
  readonly logLevel?: 'info' | 'debug'
  /** In place of the doubles of what is read. */
  readonly reads?: Partial<Pick<AppNeeds, 'readings' | 'accounts' | 'feed' | 'entries'>>
}

interface Layer {
  readonly route?: { readonly path: string | readonly string[] }
  readonly handle?: { readonly stack?: readonly Layer[] }
}

/** Of a route, or of the routes in a router that is mounted without an address of its own. */
const pathsOf = ({ route, handle }: Layer): readonly string[] =>
  route ? [route.path].flat() : (handle?.stack ?? []).flatMap(pathsOf)

/** The real HTTP surface on a loopback port, over doubles of its ports; calls are alice's own unless told otherwise. */
export async function anApi(options: ApiOptions = {}): Promise<TestApi> {
  const {
    redirectUri = REDIRECT_URI,
    pkce = false,
    board = null,
    counting = countingInMemory(),
    rateLimits,
    trustProxy = false,
  } = options
  const { now } = aClock()
  const behind = aBackground()
  const metrics = createMetrics({ service: 'api', defaultMetrics: false })
  const stop = new AbortController()
  const trail = { record: (event: AuditEvent) => void behind.audit.push(event) }
  const audit = createRequestAudit({ trail, hashUser: (id) => `hash-of-${id}` })
  const app = createApp(
    {
      ...doubles(behind, now),
      ...options.reads,
      verifier:
        options.verifier ??
        createTokenVerifier({ key: { kind: 'secret', secret: SECRET }, audience: 'bg-ingest', now }),
      sender: {
        verifier: createTokenVerifier({ key: { kind: 'secret', secret: SECRET }, audience: WEBHOOK_AUDIENCE, now }),
        secrets: [WEBHOOK_SECRET, OLD_WEBHOOK_SECRET],
        auth: 'signature+jwt',
        now,
        ...options.sender,
      },
      logger: createLogger({
        level: options.logLevel ?? 'debug',
        service: 'api',
        write: (line) => behind.log.push(line),
        now,
      }),
      metrics,
      config: {
        redis: { prefix: 'bg' },
        dexcom: {
          redirectUri,
          pkce,
          regions: [
            { name: 'default', baseUrl: 'https://sandbox-api.dexcom.com', clientId: 'our-client' },
            { name: 'EU', baseUrl: 'https://api.dexcom.eu', clientId: 'our-client-eu' },
          ],
        },
        returnTo: { origins: ['https://app.example.com'] },
        http: { trustProxy, rateLimits: { perUser: UNLIMITED, perIp: UNLIMITED, ...rateLimits } },
      },
      board,
      counting,
      lagMs: options.lagMs ?? (() => behind.lagMs),
      audit,
    },
    stop.signal,
  )
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const token = (sub: string, scopes: readonly string[] = SCOPES, audience = 'bg-ingest') =>
    signDevelopmentToken({ secret: SECRET, sub, scopes, audience, ttlSeconds: 300, nowMs: now() })
  const own = await token('alice')
  return {
    behind,
    now,
    port,
    token,
    metrics: metrics.text,
    addresses: () => (app.router.stack as unknown as readonly Layer[]).flatMap(pathsOf),
    reset: () => void Object.assign(behind, { ...aBackground(), log: behind.log }),
    ask: (path, ask = {}) => send(port, path, { token: own, ...ask }),
    stopping: () => stop.abort(),
    settleAudit: () => audit.close(),
    async close() {
      audit.close()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
