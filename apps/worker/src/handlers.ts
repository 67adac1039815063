import { AppError, type UserId } from '@bg-ingest/domain'
import {
  applyRetention,
  type Connection,
  configureUser,
  connectUser,
  disconnectUser,
  type Erasure,
  eraseUser,
  type HistoryOptions,
  importHistory,
  ingestPush,
  type Ports,
  publishChanges,
  reconcileUser,
  type SyncOptions,
  type SyncOutcome,
  type SyncRequest,
  sweepErased,
  syncUser,
} from '@bg-ingest/ingest'
import { definitionOf, type JobHandlers, type JobProducer, type Schedules } from '@bg-ingest/queue'
import type { Metrics } from '@bg-ingest/telemetry'
import type { ConcludeErasure } from './conclude-erasure.ts'
import type { Forgotten } from './forget-jobs.ts'

export interface HandlerNeeds {
  readonly ports: Ports
  readonly producer: JobProducer
  readonly schedules: Pick<Schedules, 'upsert' | 'remove'>
  readonly metrics: Pick<Metrics, 'syncFinished' | 'webhookProcessed'>
  readonly sync: SyncOptions
  readonly history: HistoryOptions
  readonly pollIntervalMs: number
  /** False where no broker is configured: what changes then waits, and nobody asks for its publication. */
  readonly publishing: boolean
  /** Removes the jobs that name an erased person, but for what they asked for afterwards, and whatever else in Redis does. */
  readonly forgetJobs: (userId: UserId, askedBefore: number, stop: AbortSignal) => Promise<Forgotten>
  /** The daily look at what is kept of a person. */
  readonly examine: (userId: UserId) => Promise<unknown>
  /** Signs, keeps and logs the receipt of an erasure. */
  readonly concludeErasure: ConcludeErasure
}

/** What each job does. Handlers only join a flow with the queue: what comes next, and what the metrics learn. */
export function createHandlers(needs: HandlerNeeds): JobHandlers {
  const { ports, producer, schedules, history } = needs

  /** Dexcom as a job's n-th attempt may use it: from the second on its calls are paid from the retry budget. */
  const portsOf = (attempt: number): Ports => ({
    ...ports,
    dexcom: ports.dexcom.asAttempt?.(attempt) ?? ports.dexcom,
  })

  const publishLater = async (userId: UserId, unpublished: boolean) => {
    if (unpublished && needs.publishing) await producer.enqueue('publishChanges', { v: 1, userId })
  }

  /** By the clocks of two machines, so it may come out slightly below nothing. */
  const secondsSince = (askedAt: number) => Math.max(0, ports.clock.now() - askedAt) / 1000

  const schedule = async ({ userId, pollIntervalSeconds, paused, parkedAt }: Connection) => {
    const everyMs = pollIntervalSeconds ? pollIntervalSeconds * 1000 : needs.pollIntervalMs
    if (paused || parkedAt) await schedules.remove(userId)
    else await schedules.upsert(userId, everyMs)
  }

  const release = async (userId: UserId, signal: AbortSignal) => {
    const connection = await ports.accounts.connection(userId)
    if (connection?.parkedAt) await schedule(await configureUser(ports, { userId, release: true }, signal))
  }

  const endPolling = async (userId: UserId, signal: AbortSignal) => {
    await schedules.remove(userId)
    // Mends the registry where a crash has left it behind; it is looked at again in any case.
    await configureUser(ports, { userId }, signal).catch(() => undefined)
  }

  /** What waits to be told of the person is not told any more, but deleted like the rest: only that they were erased. */
  const erasePerson = async (userId: UserId, askedAt: number, signal: AbortSignal) => {
    const first = await eraseUser(ports, userId, signal)
    await schedules.remove(userId)
    const forgotten = await needs.forgetJobs(userId, askedAt, signal)
    // No job of this person runs any more, so nothing can come behind this.
    const last: Erasure = (await sweepErased(ports, { userId, id: first.id }, signal)) ?? first
    await needs.concludeErasure(userId, last, forgotten, signal)
    if (!last.told && needs.publishing)
      throw new AppError('service_unavailable', 'The broker did not take the news of an erasure', {
        retryAfterMs: TELL_AGAIN_MS,
      })
  }

  return {
    examineUser: ({ userId }) => needs.examine(userId),

    async applyRetention({ userId }, { signal }) {
      const { more } = await applyRetention(ports, history, userId, signal)
      if (more) await producer.enqueue('applyRetention', { v: 1, userId })
    },

    // A tick only asks: a scheduler's own jobs ignore deduplication and overlap.
    pollTick: ({ userId }) => producer.requestSync({ userId, trigger: 'poll', requestId: ports.newId() }),

    async ingestPush({ userId, sealed, requestId }, { signal, askedAt }) {
      // A notice earns a sync like any other trigger, so a storm of them earns one.
      if (sealed === null) {
        const { jobId } = await producer.requestSync({ userId, trigger: 'webhook', requestId })
        return { syncJobId: jobId }
      }
      const outcome = await ingestPush(ports, { userId, sealed }, signal)
      needs.metrics.webhookProcessed(secondsSince(askedAt))
      await publishLater(userId, outcome.unpublished)
      return outcome.result
    },

    async syncUser({ userId, trigger, range }, { signal, askedAt, attempt }) {
      const outcome = await measuredSync(
        { ...needs, ports: portsOf(attempt) },
        { userId, trigger, range },
        signal,
      ).catch(async (err) => {
        if (endsPolling(err)) await endPolling(userId, signal)
        // The news that a person has to connect again may wait for the broker; nobody polls them any more.
        await publishLater(userId, AppError.from(err).code === 'needs_reauth')
        throw err
      })
      if (trigger === 'manual') await release(userId, signal)
      if (trigger === 'webhook') needs.metrics.webhookProcessed(secondsSince(askedAt))
      await publishLater(userId, outcome.unpublished)
      if (outcome.historyOpen) await producer.enqueue('importHistory', { v: 1, userId })
      if (outcome.reconcileDue) await producer.enqueue('reconcileUser', { v: 1, userId })
      return outcome.result
    },

    async importHistory({ userId }, { signal, attempt }) {
      const { more } = await importHistory(portsOf(attempt), history, userId, signal)
      // Asked for while this job still runs: the queue keeps one follow-up and starts it when this one has ended.
      if (more) await producer.enqueue('importHistory', { v: 1, userId })
    },

    async connectUser({ requestId, ...request }, { signal, attempt }) {
      const { userId } = request
      const connection = await connectUser(portsOf(attempt), request, signal)
      await schedule(connection)
      await producer.requestSync({ userId, trigger: 'poll', requestId })
      await producer.enqueue('importHistory', { v: 1, userId })
      await publishLater(userId, connection.notices.length > 0)
    },

    async configureUser({ userId, pollIntervalSeconds, paused }, { signal }) {
      await schedule(await configureUser(ports, { userId, pollIntervalSeconds, paused }, signal))
    },

    async disconnectUser({ userId, erase }, { signal, askedAt }) {
      if (erase) return erasePerson(userId, askedAt, signal)
      const { unpublished } = await disconnectUser(ports, userId, signal)
      // Afterwards: a poll in between finds nobody connected, while a schedule that went first could be missed for ever.
      await schedules.remove(userId)
      return publishLater(userId, unpublished)
    },

    async reconcileUser({ userId }, { signal, attempt }) {
      const { more, unpublished } = await reconcileUser(portsOf(attempt), history, userId, signal)
      await publishLater(userId, unpublished)
      if (more) await producer.enqueue('reconcileUser', { v: 1, userId })
    },

    async publishChanges({ userId }, { signal, attempt }) {
      const { pending, more } = await publishChanges(ports, userId, signal)
      // Asked for while this job still runs: it follows at once, behind those of others that wait.
      if (more) await producer.enqueue('publishChanges', { v: 1, userId })
      else if (pending && attempt < PUBLISH_TRIES)
        throw new AppError('service_unavailable', 'The broker did not take every event')
      // The last try ends in peace: what waits is in the log, and the next sync, the pass of the hour or the return of the
      // broker asks anew. A failed job for every person and poll would bury those that somebody has to look at.
      return { pending }
    },
  }
}

const PUBLISH_TRIES = definitionOf('publishChanges').options.attempts ?? 1

/** An erasure waits for the broker as long as it takes: consumers learn of it before they learn of a new connection. */
const TELL_AGAIN_MS = 10_000

/** A person who is not connected is not polled: no call until they are. */
function endsPolling(err: unknown): boolean {
  const { code } = AppError.from(err)
  return code === 'needs_reauth' || code === 'not_connected'
}

/** Runs a sync and tells the metrics how it ended. */
async function measuredSync(
  { ports, sync, metrics }: HandlerNeeds,
  request: SyncRequest,
  signal: AbortSignal,
): Promise<SyncOutcome> {
  const startedAt = ports.clock.monotonic()
  const finished = (outcome: Parameters<Metrics['syncFinished']>[0]['outcome']) =>
    metrics.syncFinished({
      trigger: request.trigger,
      outcome,
      seconds: (ports.clock.monotonic() - startedAt) / 1000,
    })
  try {
    const outcome = await syncUser(ports, sync, request, signal)
    finished('completed')
    return outcome
  } catch (err) {
    const { code, retryable } = AppError.from(err)
    // A run that found the lease taken never began; counting it would hide the ones that did.
    if (code !== 'lease_taken') finished(code === 'needs_reauth' ? 'needs_reauth' : retryable ? 'retried' : 'failed')
    throw err
  }
}
