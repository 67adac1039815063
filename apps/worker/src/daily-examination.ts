import type { UserId } from '@bg-ingest/domain'
import { isRetentionDue } from '@bg-ingest/ingest'
import type { JobProducer } from '@bg-ingest/queue'
import type { Logger, Metrics } from '@bg-ingest/telemetry'
import type { Examine } from './examination.ts'

interface Needs {
  readonly examine: Examine
  readonly producer: Pick<JobProducer, 'enqueue'>
  readonly metrics: Pick<Metrics, 'doctorFindings'>
  readonly logger: Pick<Logger, 'warn'>
  readonly hashUser: (userId: UserId) => string
  readonly retentionDays: number
}

/** As far as a look every day has to go back: what is older was looked at before. */
const DAYS = 7

/**
 * The doctor's look at a person, without Dexcom: what it finds goes to metrics and log, one line each. Only what belongs to
 * upkeep is seen to at once: a retention that is not applied yet, and what waits for a broker without anybody polling.
 */
export function createDailyExamination(needs: Needs): (userId: UserId) => Promise<void> {
  const { examine, producer, metrics, logger, hashUser, retentionDays } = needs
  return async (userId) => {
    const { findings, connection, state } = await examine(userId, { days: DAYS })
    for (const { finding, count } of findings) {
      metrics.doctorFindings(finding)
      logger.warn('examination found something', { finding, count, user: hashUser(userId) })
    }
    const waits = findings.some(({ finding }) => finding === 'unpublished' || finding === 'erasure_untold')
    if (waits) await producer.enqueue('publishChanges', { v: 1, userId })
    if (connection && isRetentionDue(state, retentionDays)) await producer.enqueue('applyRetention', { v: 1, userId })
  }
}
