import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Consumers,
  createLeadership,
  createRestoreMarker,
  createRoundCounter,
  type JobProducer,
  type OutboxTally,
  type ParkedJobs,
  type Queues,
  type Redis,
  type Schedules,
  startable,
  startNow,
} from '@bg-ingest/queue'
import type { OutboxReader, UserRegistry } from '@bg-ingest/store/write'
import type { Logger, Metrics } from '@bg-ingest/telemetry'
import { createExaminationRounds } from './examination-rounds.ts'
import { createOutboxSweep } from './outbox-sweep.ts'
import { createReconciler, RECONCILER_TIMING } from './reconciler.ts'
import { createWatchdog, WATCHDOG_MS } from './watchdog.ts'

/** What the duties of a worker beside its jobs need. */
export interface FleetParts {
  readonly redis: Redis
  /** Begins every key there. */
  readonly prefix: string
  readonly queues: Queues
  readonly parked: ParkedJobs
  readonly producer: JobProducer
  readonly schedules: Schedules
  readonly registry: UserRegistry
  readonly outbox: OutboxReader
  readonly tally: OutboxTally
  /** Whether this process reaches the broker; null where none is configured. */
  readonly brokerConnected: () => boolean | null
  /** A way to Redis of its own that fails fast, so that a wedged connection is not asked about itself. */
  readonly lookout: { readonly redis: Redis; readonly queues: Queues }
}

interface Needs {
  readonly fleet: FleetParts
  readonly consumers: Pick<Consumers, 'progress'>
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'connectionsCounted'>
  readonly pollIntervalMs: number
  /** Ends the process, for its supervisor to start another. */
  readonly onWedged: () => void
}

/** Three beats: a leader that is merely slow goes on leading. */
const LEADER_TTL_MS = 3 * RECONCILER_TIMING.beatMs
const LOOK_MS = 5_000
/** A fifth of a part's share of the day. */
const ROUNDS_BEAT_MS = 60_000
const ROUNDS_LEADER_TTL_MS = 3 * ROUNDS_BEAT_MS
/** A broker that is back is noticed in this time, and each part of the registry has 14 s of the hour. */
const SWEEP_BEAT_MS = 5_000
/** A look at everybody after an outage holds on between its parts. */
const SWEEP_LEADER_TTL_MS = 60_000
/** A delay that ended so long ago has been overlooked; BullMQ looks every 10 s at least. */
const DUE_GRACE_MS = 15_000

/** Starts what a worker does beside its jobs: keeping the schedules, if it leads, and an eye on itself. */
export function startFleetDuties(needs: Needs): { stop(): Promise<void> } {
  const { fleet, consumers, logger, metrics } = needs
  const { prefix } = fleet
  const stop = new AbortController()
  const reconciler = createReconciler({
    registry: fleet.registry,
    schedules: fleet.schedules,
    leadership: createLeadership(fleet.redis, { name: 'schedules', token: randomUUID(), ttlMs: LEADER_TTL_MS, prefix }),
    marker: createRestoreMarker(fleet.redis, { prefix }),
    requestPoll: (userId) => fleet.producer.requestSync({ userId, trigger: 'poll', requestId: randomUUID() }),
    unpark: () => fleet.parked.unpark(fleet.queues, randomUUID),
    newId: randomUUID,
    onConnections: metrics.connectionsCounted,
    pollIntervalMs: needs.pollIntervalMs,
    now: Date.now,
    logger,
  })
  const rounds = createExaminationRounds({
    registry: fleet.registry,
    leadership: createLeadership(fleet.redis, {
      name: 'examinations',
      token: randomUUID(),
      ttlMs: ROUNDS_LEADER_TTL_MS,
      prefix,
    }),
    counter: createRoundCounter(fleet.redis, { name: 'examinations', prefix }),
    request: (userId, delayMs) => fleet.producer.enqueue('examineUser', { v: 1, userId }, { delayMs }),
    now: Date.now,
  })
  const sweep = createOutboxSweep({
    ...fleet,
    connected: fleet.brokerConnected,
    leadership: createLeadership(fleet.redis, {
      name: 'outbox',
      token: randomUUID(),
      ttlMs: SWEEP_LEADER_TTL_MS,
      prefix,
    }),
    counter: createRoundCounter(fleet.redis, { name: 'outbox', prefix }),
    async requestPublication(userId) {
      const { jobId } = await fleet.producer.enqueue('publishChanges', { v: 1, userId })
      // One that found the broker away may rest for minutes yet.
      await startNow(fleet.queues, 'bg-maintenance', jobId)
    },
    now: Date.now,
    logger,
  })
  const look = createWatchdog({
    progress: consumers.progress,
    startable: () => startable(fleet.lookout.redis, fleet.lookout.queues, Date.now(), DUE_GRACE_MS),
    monotonic: () => performance.now(),
    limitMs: WATCHDOG_MS,
  })
  const watch = async () => {
    const queue = await look()
    if (!queue || stop.signal.aborted) return
    logger.error('jobs wait and none is started: this worker ends itself', { queue })
    needs.onWedged()
  }
  const told = (err: unknown) => logger.warn('schedules could not be compared with the registry', { err })
  const toldOfRounds = (err: unknown) => logger.warn('nobody could be asked to be examined', { err })
  const toldOfSweep = (err: unknown) => logger.warn('nobody could be asked for what waits for the broker', { err })
  const loops = [
    every(RECONCILER_TIMING.beatMs, stop.signal, () => reconciler.beat().catch(told)),
    every(LOOK_MS, stop.signal, watch),
    every(ROUNDS_BEAT_MS, stop.signal, () => rounds.beat().catch(toldOfRounds)),
    every(SWEEP_BEAT_MS, stop.signal, () => sweep.beat().catch(toldOfSweep)),
  ]
  return {
    async stop() {
      stop.abort()
      await Promise.all(loops)
      await reconciler.close()
      await rounds.close()
      await sweep.close()
    },
  }
}

/** Runs `work` at once and then `ms` after each of its ends. */
async function every(ms: number, stop: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!stop.aborted) {
    await work()
    await sleep(ms, undefined, { signal: stop }).catch(() => undefined)
  }
}
