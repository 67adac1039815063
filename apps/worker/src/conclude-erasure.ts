import { toInstant, type UserId } from '@bg-ingest/domain'
import { type Erasure, keepReceipt, type Ports } from '@bg-ingest/ingest'
import type { ErasureReceipts } from '@bg-ingest/security'
import type { Logger } from '@bg-ingest/telemetry'
import type { Forgotten } from './forget-jobs.ts'

interface Needs {
  readonly ports: Ports
  readonly receipts: Pick<ErasureReceipts, 'sign'>
  readonly logger: Pick<Logger, 'info'>
}

export type ConcludeErasure = (
  userId: UserId,
  erasure: Erasure,
  forgotten: Forgotten,
  signal: AbortSignal,
) => Promise<void>

/**
 * Signs the receipt of an erasure, keeps it on the tombstone and writes it to the log, as one line. Kept first: an erasure
 * that is run again after a crash in between logs the same receipt once more.
 */
export function createConcludeErasure({ ports, receipts, logger }: Needs): ConcludeErasure {
  return async (userId, { id, at, readings, logItems }, { jobs, keys }, signal) => {
    const completedAt = toInstant(ports.clock.now())
    const signed = receipts.sign(userId, { erasure: id, at, completedAt, readings, logItems, jobs, keys })
    const receipt = await keepReceipt(ports, { userId, id, receipt: signed }, signal)
    logger.info('person erased', { receipt })
  }
}
