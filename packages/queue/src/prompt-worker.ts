import { EndingWorker } from './ending-worker.ts'

/** What a worker waits after an error of its blocking connection; BullMQ's own 5 s (6.7.0). */
const AFTER_ERROR_MS = 1_000

/** Seconds that an idle worker blocks at most; BullMQ's own 10 (6.7.0). A call each 2 s and queue costs Redis nothing. */
const BLOCK_AT_MOST_S = 2

/**
 * A worker that soon looks again. After Redis refused it something (a replica, out of memory) BullMQ waits 5 s, and blocks
 * 10 s more, because it no longer knows when the next delayed job is due: 10 to 15 s without a job, longer than the
 * failover (measured; with this class 2.6 s).
 */
export class PromptWorker extends EndingWorker {
  override get maximumBlockTimeout(): number {
    return BLOCK_AT_MOST_S
  }

  override delay(...[milliseconds, aborted]: Parameters<EndingWorker['delay']>): Promise<void> {
    return super.delay(milliseconds || AFTER_ERROR_MS, aborted)
  }
}
