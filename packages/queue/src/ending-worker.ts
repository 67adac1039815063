import { Worker } from 'bullmq'

/**
 * A worker that can be let go of while Redis is away. BullMQ's close (6.7.0) then waits for the end of a connection that
 * never comes and does not reach its lock manager, whose timer would keep the process alive for ever.
 */
export class EndingWorker extends Worker {
  async letGo(): Promise<void> {
    await this.lockManager.close()
  }
}
