import type { UserId } from '@bg-ingest/domain'
import { type Ports, parkUser } from '@bg-ingest/ingest'
import type { JobKey, OnPoison, Schedules } from '@bg-ingest/queue'
import type { Logger } from '@bg-ingest/telemetry'

interface Needs {
  readonly ports: Ports
  readonly logger: Logger
  readonly hashUser: (userId: UserId) => string
  readonly handlerNeeds: { readonly schedules: Pick<Schedules, 'remove'> }
}

/** Work that goes through a person's data; whatever in it ends a process would do so again with the next poll. */
const OF_DATA: ReadonlySet<JobKey> = new Set(['syncUser', 'ingestPush', 'importHistory'])

const PARK_WITHIN_MS = 5_000

/** What follows when a job has taken its worker with it again and again: the person rests, everybody else goes on. */
export function createOnPoison({ ports, logger, hashUser, handlerNeeds }: Needs): OnPoison {
  return async (key, { userId }, jobId) => {
    logger.error('job ended its worker again and again', { job: key, jobId, user: hashUser(userId) })
    if (!OF_DATA.has(key)) return
    const parked = await parkUser(ports, userId, AbortSignal.timeout(PARK_WITHIN_MS))
    await handlerNeeds.schedules.remove(userId)
    if (parked) logger.error('person parked until somebody releases them', { user: hashUser(userId) })
  }
}
