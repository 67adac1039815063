import { randomUUID } from 'node:crypto'
import { openAuditTrail } from '@bg-ingest/audit'
import { type ApiConfig, ConfigError } from '@bg-ingest/config'
import { vendorDelayMs } from '@bg-ingest/dexcom-contract'
import { UserId } from '@bg-ingest/domain'
import { createOwner, createReadiness, type Readiness } from '@bg-ingest/process'
import {
  connectForRequests,
  createJobReader,
  createLatestReader,
  createProducer,
  createTickets,
  type JobProducer,
  type JobReader,
  type LatestReader,
  openQueues,
  type Tickets,
  unfitness,
} from '@bg-ingest/queue'
import {
  type CursorCodec,
  createContentHasher,
  createCursorCodec,
  createSealer,
  createTokenVerifier,
  createUserHasher,
  createVault,
  namedKeys,
  type TokenVerifier,
  type TrustedKey,
  trustedKey,
  type Vault,
} from '@bg-ingest/security'
import {
  type AccountReader,
  createAccountReader,
  createDynamo,
  createFeedReader,
  createReadingReader,
  type FeedReader,
  READ_LIMITS,
  type ReadingReader,
} from '@bg-ingest/store/read'
import { createLogger, createMetrics, type Logger, type Metrics } from '@bg-ingest/telemetry'
import { createRequestAudit, type RequestAudit } from './audit/request-audit.ts'
import type { BoardSettings } from './board/board.ts'
import type { PollSettings } from './freshness-view.ts'
import type { CountingRedis } from './limits/count-script.ts'
import { startLoadGauge } from './load-gauge.ts'
import { retainedEntries } from './retained-entries.ts'
import { orUnavailable } from './store-availability.ts'
import type { SenderProofs } from './webhook/sender-guard.ts'

export interface ApiContext extends AsyncDisposable {
  readonly config: ApiConfig
  readonly logger: Logger
  readonly metrics: Metrics
  readonly readings: ReadingReader
  readonly accounts: AccountReader
  readonly feed: FeedReader
  /** What the newest reading is answered from. */
  readonly entries: LatestReader
  readonly producer: JobProducer
  readonly syncs: JobReader
  readonly connects: JobReader
  readonly tickets: Tickets
  readonly verifier: TokenVerifier
  readonly vault: Vault
  readonly cursors: CursorCodec
  /** Tells bodies of webhooks apart. */
  readonly hashBody: (body: string) => string
  readonly sender: SenderProofs
  readonly polls: PollSettings
  /** What rate limits are counted on. */
  readonly counting: CountingRedis
  /** How late the event loop is, in milliseconds. */
  readonly lagMs: () => number
  readonly audit: RequestAudit
  /** Null without a password for it. */
  readonly board: BoardSettings | null
  readonly readiness: () => Promise<Readiness>
  /** What is wrong with Redis for our purpose, as soon as it is there. */
  readonly redisFlaws: (options: { readonly production: boolean }) => Promise<readonly string[]>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** The API's only composition root: opened top to bottom, closed bottom to top. */
export async function createApiContext(config: ApiConfig): Promise<ApiContext> {
  const logger = createLogger({ level: config.service.logLevel, service: 'api' })
  const owner = createOwner((err) => logger.warn('close failed', { err }))
  try {
    const metrics = createMetrics({ service: 'api', defaultMetrics: true })
    const { server, readingsTable, accountsTable } = config.dynamo
    const dynamo = owner.own(createDynamo({ ...server, ...READ_LIMITS, onUnits: metrics.dynamoUnits }), (client) =>
      client.destroy(),
    )
    const onError = (error: Error) => logger.warn('redis unreachable', { err: error })
    const { prefix } = config.redis
    const redis = owner.own(connectForRequests(config.redis.url.reveal(), { onError }), (client) => client.disconnect())
    const accounts = createAccountReader(dynamo, accountsTable)
    const readings = createReadingReader(dynamo, readingsTable, Date.now, config.retention.days)
    const tables = { readings: readingsTable, accounts: accountsTable }
    const feed = createFeedReader(dynamo, tables, Date.now, config.retention.days)
    const keys = config.encryption.keys.reveal()
    // One for callers and webhook senders: they have one identity provider, which is asked for its keys once.
    const key = tokenKey(config)
    const { password, actions } = config.board
    const trail = owner.own(openTrail(config, logger), (opened) => opened.close())
    const hashUser = createUserHasher(keys)
    const audit = owner.own(createRequestAudit({ trail, hashUser }), (opened) => opened.close())
    const boardQueues = () => owner.own(openQueues(redis, { prefix, onError }), (open) => open.close()).queues
    const load = owner.own(startLoadGauge(), async (gauge) => gauge.stop())
    const delays = new Map(config.dexcom.regions.map(({ name, baseUrl }) => [name, vendorDelayMs(baseUrl)]))
    return {
      config,
      logger,
      metrics,
      readings: { latest: orUnavailable(readings.latest), range: orUnavailable(readings.range) },
      accounts: { account: orUnavailable(accounts.account) },
      feed: { changes: orUnavailable(feed.changes) },
      entries: retainedEntries(
        createLatestReader(redis, { sealer: createSealer(keys, 'latest'), prefix, monotonic: () => performance.now() }),
        config.retention.days,
        Date.now,
      ),
      producer: owner.own(createProducer(redis, { prefix, now: Date.now, newId: randomUUID, onError }), (p) =>
        p.close(),
      ),
      syncs: owner.own(createJobReader(redis, { prefix, onError }), (reader) => reader.close()),
      connects: owner.own(
        createJobReader(redis, { job: ['connectUser', 'configureUser'], prefix, onError }),
        (reader) => reader.close(),
      ),
      tickets: createTickets(redis, { prefix }),
      verifier: createTokenVerifier({ ...config.jwt, key }),
      vault: createVault(keys, config.encryption.kms),
      cursors: createCursorCodec(keys),
      hashBody: createContentHasher(keys, 'webhook'),
      sender: {
        verifier: createTokenVerifier({ ...config.jwt, audience: config.webhook.jwtAudience, key }),
        secrets: config.webhook.secrets?.reveal() ?? null,
        auth: config.webhook.auth,
        now: Date.now,
      },
      now: Date.now,
      counting: {
        ready: () => redis.status === 'ready',
        call: (command, ...args) => redis.call(command, ...args),
      },
      lagMs: load.lagMs,
      audit,
      board: password && { password: password.reveal(), actions, queues: Object.values(boardQueues()) },
      polls: {
        pollIntervalMs: config.polling.intervalMs,
        shortestPollMs: config.polling.shortestMs,
        vendorDelayMs: (name) => delays.get(name) ?? 0,
      },
      readiness: createReadiness(
        [
          { name: 'dynamodb', required: true, check: () => accounts.account(PROBE_USER) },
          { name: 'redis', required: false, check: () => redis.ping() },
        ],
        () => performance.now(),
      ),
      redisFlaws: (options) => unfitness(redis, options),
      [Symbol.asyncDispose]: () => owner.close(),
    }
  } catch (err) {
    await owner.close()
    throw err
  }
}

/** Nobody's id: the probe only wants to see the accounts table answer. */
const PROBE_USER = UserId.parse('readiness-probe')

function openTrail(config: ApiConfig, logger: Logger) {
  try {
    return openAuditTrail({
      service: 'api',
      file: config.auditLog.file,
      keys: namedKeys(config.encryption.keys.reveal(), 'audit'),
      stdout: (text) => void process.stdout.write(text),
      onFailed: (err) => logger.error('the audit trail cannot be written', { err }),
      now: Date.now,
      newId: randomUUID,
    })
  } catch {
    throw new ConfigError([{ name: 'AUDIT_LOG_FILE', detail: 'cannot be appended to' }])
  }
}

function tokenKey({ jwt: { key } }: ApiConfig): TrustedKey {
  return trustedKey(key.kind === 'secret' ? { kind: key.kind, secret: key.secret.reveal() } : key, Date.now)
}
