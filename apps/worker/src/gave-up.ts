import { type AppError, toInstant, type UserId } from '@bg-ingest/domain'
import { ERASING, failHistory, type Ports, tellFailed } from '@bg-ingest/ingest'
import type { OnGaveUp } from '@bg-ingest/queue'
import type { Logger } from '@bg-ingest/telemetry'

interface Needs {
  readonly ports: Ports
  readonly logger: Logger
  readonly hashUser: (userId: UserId) => string
}

/** What follows when a job has used up its tries: a line for the operator, and the world is told of a failed sync. */
export function createOnGaveUp({ ports, logger, hashUser }: Needs): OnGaveUp {
  return async (key, { userId, requestId }, error, jobId) => {
    logger.error('job given up', { job: key, jobId, requestId, user: hashUser(userId), err: error })
    const erased = await isErased(ports, userId, error)
    if (key === 'syncUser' && !erased) {
      const failed = { jobId, code: error.code, at: toInstant(ports.clock.now()) }
      await tellFailed(ports, userId, failed, AbortSignal.timeout(TELL_WITHIN_MS))
    }
    // Who has disconnected, or was erased meanwhile, has no import any more that could fail.
    if (key === 'importHistory' && error.code !== 'not_connected')
      await failHistory(ports, userId, AbortSignal.timeout(FAIL_WITHIN_MS))
    // A follow-up begins when its predecessor ends, which a frozen worker may put off beyond the erasure.
    return erased ? 'forget' : undefined
  }
}

/** Three confirms that time out, and the wait for a run that holds the person. */
const TELL_WITHIN_MS = 40_000

/** Marking an import as failed is one write; the next poll takes the import up again either way. */
const FAIL_WITHIN_MS = 5_000

/** A sync that was under way finds nobody: of whoever is erased the world hears that, and nothing besides. */
async function isErased({ accounts }: Ports, userId: UserId, { code }: AppError): Promise<boolean> {
  if (code !== 'not_connected' && code !== 'lease_lost') return false
  const connection = await accounts.connection(userId)
  return connection === null || connection.problem?.code === ERASING
}
