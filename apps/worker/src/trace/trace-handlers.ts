import { AppError, type UserId } from '@bg-ingest/domain'
import { JOB_KEYS, type JobContext, type JobData, type JobHandlers, type JobKey } from '@bg-ingest/queue'
import type { LogContext, Logger } from '@bg-ingest/telemetry'
import type { AuditNeeds } from './audit-accounts.ts'

interface Needs extends AuditNeeds {
  readonly context: LogContext
  /** Writes under `context`. */
  readonly logger: Logger
  readonly monotonic: () => number
}

/** How the end of a job is put on record. */
interface Recording {
  readonly action: string
  /**
   * `counted`: together with its like, in the table within an hour; what such a job changes of a person's data is on record
   * by itself. `recorded`: by itself. `kept`: by itself, and in the table before the job is done.
   */
  readonly how: 'counted' | 'recorded' | 'kept'
}

/** Null for jobs that only ask for another one. */
const recordings: { readonly [K in JobKey]: (data: JobData<K>) => Recording | null } = {
  syncUser: ({ trigger }) => ({ action: 'sync', how: trigger === 'poll' ? 'counted' : 'recorded' }),
  ingestPush: ({ sealed }) => (sealed === null ? null : { action: 'push', how: 'recorded' }),
  importHistory: () => ({ action: 'history', how: 'counted' }),
  connectUser: () => ({ action: 'connection.connect', how: 'kept' }),
  disconnectUser: ({ erase }) => ({ action: erase ? 'person.erase' : 'connection.disconnect', how: 'kept' }),
  configureUser: () => ({ action: 'connection.configure', how: 'kept' }),
  reconcileUser: () => ({ action: 'reconcile', how: 'counted' }),
  examineUser: () => ({ action: 'examine', how: 'counted' }),
  applyRetention: () => ({ action: 'retention.apply', how: 'kept' }),
  publishChanges: () => ({ action: 'publish', how: 'counted' }),
  pollTick: () => null,
}

/** Every handler, run under the ids of its job; its end is a line of the log and on record in the audit trail. */
export function traceHandlers(handlers: JobHandlers, needs: Needs): JobHandlers {
  const traced = JOB_KEYS.map(<K extends JobKey>(key: K) => [key, traceHandler<K>(key, handlers[key], needs)])
  return Object.fromEntries(traced) as unknown as JobHandlers
}

type Handler<K extends JobKey> = (data: JobData<K>, context: JobContext) => Promise<unknown>

function traceHandler<K extends JobKey>(key: K, handler: Handler<K>, needs: Needs): Handler<K> {
  const { context, logger, hashUser, monotonic } = needs
  return (data, job) => {
    const { jobId, attempt } = job
    // A job that nobody asked for is the beginning of what it leads to.
    const ids = { job: key, jobId, requestId: data.requestId ?? jobId, user: hashUser(data.userId) }
    return context.run(ids, async () => {
      const startedAt = monotonic()
      const ms = () => Math.round(monotonic() - startedAt)
      try {
        const result = await handler(data, job)
        logger.debug('job done', { attempt, ms: ms() })
        await putOnRecord(recordings[key](data), 'ok', data.userId, needs)
        return result
      } catch (err) {
        const { code } = AppError.from(err)
        // Nothing was done while another run held the person.
        if (code === 'lease_taken') throw err
        logger.info('job not done', { attempt, ms: ms(), code })
        await putOnRecord(recordings[key](data), code, data.userId, needs)
        throw err
      }
    })
  }
}

async function putOnRecord(
  recording: Recording | null,
  outcome: string,
  userId: UserId,
  { trail, hashUser, idsHere, actor }: AuditNeeds,
): Promise<void> {
  if (!recording) return
  const { action, how } = recording
  const event = { action, actor, outcome }
  if (how === 'counted') return trail.tally(event, hashUser(userId))
  trail.record({ ...event, object: hashUser(userId), ...idsHere() })
  if (how === 'kept') await trail.flush().catch(unkept)
}

function unkept(cause: unknown): never {
  throw new AppError('service_unavailable', 'The audit trail cannot be written', { cause })
}
