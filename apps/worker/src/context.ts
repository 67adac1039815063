import { randomUUID } from 'node:crypto'
import { type AuditTrail, openAuditTrail } from '@bg-ingest/audit'
import { ConfigError, type WorkerConfig } from '@bg-ingest/config'
import { createDexcomClient, createGates } from '@bg-ingest/dexcom'
import { vendorDelayMs } from '@bg-ingest/dexcom-contract'
import { UserId } from '@bg-ingest/domain'
import { createNoBroker, createPublisher } from '@bg-ingest/events'
import { FINDINGS, keepLatest, type Ports } from '@bg-ingest/ingest'
import { createOwner, createReadiness, type Owner, type Readiness } from '@bg-ingest/process'
import {
  connectForRequests,
  connectForWork,
  createLatestEntries,
  createOutboxTally,
  createParkedJobs,
  createProducer,
  createSchedules,
  createSeenDigests,
  openQueues,
  queueDepths,
  type Redis,
} from '@bg-ingest/queue'
import {
  createErasureReceipts,
  createSealer,
  createUserHasher,
  createVault,
  deriveKey,
  namedKeys,
  rememberAccessTokens,
} from '@bg-ingest/security'
import { createReadingReader } from '@bg-ingest/store/read'
import {
  type AuditLog,
  createAccountWriter,
  createAuditLog,
  createDynamo,
  createInspector,
  createOutboxReader,
  createReadingWriter,
  createUserRegistry,
  WRITE_LIMITS,
} from '@bg-ingest/store/write'
import { createLogger, createMetrics, type Logger, type Metrics } from '@bg-ingest/telemetry'
import { createConcludeErasure } from './conclude-erasure.ts'
import { createDailyExamination } from './daily-examination.ts'
import { createExamination, type Examine } from './examination.ts'
import type { FleetParts } from './fleet.ts'
import { forgetJobs } from './forget-jobs.ts'
import type { HandlerNeeds } from './handlers.ts'
import { createPorts } from './ports.ts'
import { shutdownPlan } from './shutdown-plan.ts'
import { createTracing, type Tracing } from './trace/tracing.ts'

const DAY_MS = 86_400_000

export interface WorkerContext extends AsyncDisposable {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly redis: Redis
  readonly ports: Ports
  readonly handlerNeeds: HandlerNeeds
  readonly hashUser: (userId: UserId) => string
  readonly examine: Examine
  readonly fleet: FleetParts
  readonly readiness: () => Promise<Readiness>
  /** What everything done here is put on record with. */
  readonly trail: AuditTrail
  readonly auditLog: AuditLog
  /** For the handlers: lines and records of a job name it. */
  readonly tracing: Tracing
}

export interface ContextOptions {
  /** Takes each line of the log; stdout where unset. Given by commands: who acts is then an operator. */
  readonly write?: (line: string) => void
  /** False opens no way to the broker: what changes is left for workers to tell. */
  readonly publishes?: boolean
}

/** The worker's only composition root: opened top to bottom, closed bottom to top. */
export async function createWorkerContext(
  config: WorkerConfig,
  stop: AbortSignal,
  { write, publishes = true }: ContextOptions = {},
): Promise<WorkerContext> {
  const logger = createLogger({ level: config.service.logLevel, service: 'worker', ...(write ? { write } : {}) })
  const owner = createOwner(
    (err) => logger.warn('close failed', { err }),
    shutdownPlan(config.shutdown.graceMs).closeMs,
  )
  try {
    const metrics = createMetrics({ service: 'worker', defaultMetrics: true })
    const retentionDays = config.sync.retentionMs === null ? 0 : config.sync.retentionMs / DAY_MS
    const { inspector, auditLog, outbox, newest, ...store } = openStore(config, metrics, owner, retentionDays)
    const publisher = publishes ? openPublisher(config, logger, metrics, owner) : createNoBroker()
    const queue = openQueue(config, logger, owner)
    metrics.collect(() => queueDepths(queue.queues, Date.now(), queue.parked))
    metrics.collectOutbox(queue.tally.total)
    const keys = config.encryption.keys.reveal()
    const hashUser = createUserHasher(keys)
    const actor = write ? 'operator' : 'worker'
    const trail = owner.own(openTrail(config, { logger, auditLog, actor }), (opened) => opened.close())
    const tracing = createTracing({ trail, logger, hashUser, actor, monotonic: () => performance.now() })
    const producer = tracing.producer(queue.producer)
    const entries = createLatestEntries(queue.redis, {
      sealer: createSealer(keys, 'latest'),
      prefix: config.redis.prefix,
    })
    const ports = tracing.ports(
      createPorts(
        {
          ...keepLatest(store, { entries, newest }),
          publisher,
          dexcom: openDexcom(config, logger, metrics, owner),
          vault: rememberAccessTokens(createVault(keys, config.encryption.kms), () => performance.now()),
          digests: createSeenDigests(queue.redis, { key: deriveKey(keys, 'seen-digest'), prefix: config.redis.prefix }),
          outbox: { waiting: outbox.logItemsAfter, note: queue.tally.note },
        },
        tracing.observer(metrics),
      ),
    )
    metrics.doctorFindingsKnown(FINDINGS)
    const examine = createExamination({
      ports,
      inspector,
      registry: store.registry,
      schedules: queue.schedules,
      retentionDays,
      pollIntervalMs: config.sync.pollIntervalMs,
      publishing: config.rabbitmq.url !== null,
    })
    const delays = new Map(config.dexcom.regions.map(({ name, baseUrl }) => [name, vendorDelayMs(baseUrl)]))
    return {
      logger,
      metrics,
      redis: queue.redis,
      ports,
      hashUser,
      examine,
      handlerNeeds: {
        ports,
        producer,
        schedules: queue.schedules,
        metrics,
        sync: {
          lookbackMs: config.sync.lookbackMs,
          reconcileEveryMs: config.sync.reconcileIntervalMs,
          retentionDays,
          vendorDelayMs: (region) => delays.get(region) ?? 0,
        },
        history: { retentionDays, stopping: () => stop.aborted },
        pollIntervalMs: config.sync.pollIntervalMs,
        publishing: config.rabbitmq.url !== null,
        forgetJobs: (userId, askedBefore, signal) => {
          const isBack = async () => (await store.accounts.connection(userId)) !== null
          return forgetJobs(
            { queues: queue.queues, redis: queue.redis, prefix: queue.prefix, parked: queue.parked, isBack },
            userId,
            askedBefore,
            signal,
          )
        },
        examine: createDailyExamination({
          examine,
          producer,
          metrics,
          logger,
          hashUser,
          retentionDays,
        }),
        concludeErasure: createConcludeErasure({ ports, receipts: createErasureReceipts(keys), logger }),
      },
      fleet: {
        ...queue,
        registry: store.registry,
        outbox,
        brokerConnected: () => (config.rabbitmq.url === null ? null : publisher.state() === 'connected'),
      },
      trail,
      auditLog,
      tracing,
      readiness: createReadiness(
        [
          { name: 'dynamodb', required: true, check: () => store.accounts.connection(PROBE_USER) },
          { name: 'redis', required: true, check: () => queue.redis.ping() },
          { name: 'rabbitmq', required: false, check: async () => failUnless(publisher.state() === 'connected') },
        ],
        () => performance.now(),
      ),
      [Symbol.asyncDispose]: () => owner.close(),
    }
  } catch (err) {
    await owner.close()
    throw err
  }
}

/** Nobody's id: the probe only wants to see the accounts table answer. */
const PROBE_USER = UserId.parse('readiness-probe')

function failUnless(condition: boolean): void {
  if (!condition) throw new Error('not connected')
}

function openStore({ dynamo, auditRetention }: WorkerConfig, metrics: Metrics, owner: Owner, retentionDays: number) {
  const { server, readingsTable, accountsTable } = dynamo
  const client = owner.own(createDynamo({ ...server, ...WRITE_LIMITS, onUnits: metrics.dynamoUnits }), (opened) =>
    opened.destroy(),
  )
  return {
    accounts: createAccountWriter(client, accountsTable, Date.now, retentionDays),
    registry: createUserRegistry(client, accountsTable),
    auditLog: createAuditLog(client, accountsTable, { retentionDays: auditRetention.days }),
    inspector: createInspector(client, {
      tables: { readings: readingsTable, accounts: accountsTable },
      retentionDays,
      now: Date.now,
    }),
    outbox: createOutboxReader(client, accountsTable, Date.now),
    readings: createReadingWriter(client, { table: readingsTable, retentionDays, now: Date.now }),
    newest: createReadingReader(client, readingsTable, Date.now, retentionDays).latest,
  }
}

interface TrailNeeds {
  readonly logger: Logger
  readonly auditLog: AuditLog
  readonly actor: 'worker' | 'operator'
}

function openTrail(config: WorkerConfig, { logger, auditLog, actor }: TrailNeeds): AuditTrail {
  try {
    return openAuditTrail({
      service: actor,
      file: config.auditLog.file,
      keys: namedKeys(config.encryption.keys.reveal(), 'audit'),
      // The output of a command is for who called it; what it did is in the table.
      stdout: (text) => void (actor === 'worker' && process.stdout.write(text)),
      store: auditLog.append,
      onFailed: (err) => logger.error('the audit trail cannot be written', { err }),
      now: Date.now,
      newId: randomUUID,
    })
  } catch {
    throw new ConfigError([{ name: 'AUDIT_LOG_FILE', detail: 'cannot be appended to' }])
  }
}

function openPublisher({ rabbitmq }: WorkerConfig, logger: Logger, metrics: Metrics, owner: Owner) {
  if (rabbitmq.url === null) {
    logger.warn('no broker configured: changes are kept and published once RABBITMQ_URL is set')
    return createNoBroker()
  }
  return owner.own(
    createPublisher({
      url: rabbitmq.url.reveal(),
      onOutcome: metrics.eventPublished,
      onState: (state) => logger.info('broker', { state }),
      onRefused: (reason) => logger.warn('the broker ended or refused the connection, tried again', { reason }),
    }),
    (publisher) => publisher.close(),
  )
}

function openQueue({ redis }: WorkerConfig, logger: Logger, owner: Owner) {
  const onError = (error: Error) => logger.warn('redis unreachable', { err: error })
  const client = owner.own(connectForWork(redis.url.reveal(), { onError }), (opened) => opened.disconnect())
  const { prefix } = redis
  const { queues, close } = openQueues(client, { prefix, onError })
  owner.own(queues, close)
  const lookout = owner.own(connectForRequests(redis.url.reveal(), { onError }), (opened) => opened.disconnect())
  const watched = openQueues(lookout, { prefix, onError })
  owner.own(watched, (opened) => opened.close())
  return {
    redis: client,
    prefix,
    queues,
    parked: createParkedJobs(client, { prefix }),
    tally: createOutboxTally(client, { prefix }),
    lookout: { redis: lookout, queues: watched.queues },
    producer: owner.own(createProducer(client, { prefix, now: Date.now, newId: randomUUID, onError }), (p) =>
      p.close(),
    ),
    schedules: owner.own(createSchedules(client, { prefix, onError }), (schedules) => schedules.close()),
  }
}

function openDexcom({ dexcom, redis }: WorkerConfig, logger: Logger, metrics: Metrics, owner: Owner) {
  const regions = dexcom.regions.map((region) => ({ ...region, clientSecret: region.clientSecret.reveal() }))
  for (const { name } of regions) metrics.dexcomRegion(name)
  const gates = createGates({
    redisUrl: redis.url.reveal(),
    prefix: `${redis.prefix}:`,
    regions: regions.map(({ name }) => name),
    perHour: dexcom.callsPerHour,
    onRedisError: (err) => logger.warn('redis of the call budget unreachable', { err }),
    onState: metrics.dexcomGate,
    onSpacing: (region, spacing) =>
      spacing === 'local'
        ? logger.error('the shared call budget cannot be read: this worker keeps to its share', { region })
        : logger.info('the shared call budget is read again', { region }),
  })
  owner.own(gates, (opened) => opened.stop())
  return createDexcomClient({
    regions,
    redirectUri: dexcom.redirectUri,
    gates,
    clock: { now: Date.now },
    watch: {
      request: metrics.dexcomRequest,
      circuit(region, state) {
        metrics.dexcomCircuit(region, state)
        if (state !== 'closed') logger.warn('circuit breaker of Dexcom', { region, state })
      },
      tokenStop(region, stopped) {
        metrics.dexcomTokenStop(region, stopped)
        if (stopped) logger.error('Dexcom refuses our client id or secret: token calls wait', { region })
        else logger.info('Dexcom accepts our client id and secret again', { region })
      },
      redirect(region) {
        metrics.dexcomRedirect(region)
        logger.warn('Dexcom answered with a redirect, which is not followed', { region })
      },
    },
  })
}
