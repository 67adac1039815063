import { AppError, type UserId } from '@bg-ingest/domain'
import { eraseLateWrites, type Ports } from '@bg-ingest/ingest'
import { JOB_KEYS, type JobContext, type JobData, type JobHandlers, type JobKey } from '@bg-ingest/queue'
import type { Logger } from '@bg-ingest/telemetry'

interface Needs {
  readonly ports: Ports
  readonly logger: Pick<Logger, 'warn'>
  readonly hashUser: (userId: UserId) => string
}

/** The lease is another's already, and nobody waits for this: as long as one wait for it, and then some. */
const WITHIN_MS = 30_000

/**
 * The handlers, each of which cleans up when its lease was lost: a worker that was frozen may have written, when it woke,
 * behind the erasure of the person (ADR 13).
 */
export function erasingLateWrites(handlers: JobHandlers, needs: Needs): JobHandlers {
  const cleaning = JOB_KEYS.map(<K extends JobKey>(key: K) => [
    key,
    async (data: JobData<K>, context: JobContext) => {
      try {
        return await handlers[key](data, context)
      } catch (err) {
        if (AppError.from(err).code === 'lease_lost') await cleanUp(data.userId, needs)
        throw err
      }
    },
  ])
  return Object.fromEntries(cleaning) as unknown as JobHandlers
}

async function cleanUp(userId: UserId, { ports, logger, hashUser }: Needs): Promise<void> {
  const user = hashUser(userId)
  try {
    const readings = await eraseLateWrites(ports, userId, AbortSignal.timeout(WITHIN_MS))
    if (readings > 0) logger.warn('erased what was written behind an erasure', { user, readings })
  } catch (err) {
    // The job's own failure is what counts; `pnpm doctor --user` finds what is left (`erased_data`).
    logger.warn('could not look for what was written behind an erasure', { user, err })
  }
}
