import { type Job, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { retryDelayMs } from './backoff.ts'
import { QUEUES, type QueueName } from './define-job.ts'
import { GaveUp, type JobHandlers, type OnGaveUp, type ProcessContext, processJob, tellStalled } from './process-job.ts'
import { DEFAULT_PREFIX } from './queues.ts'
import { ownConnections } from './redis.ts'
import { withinMs } from './within.ts'

export interface ConsumerOptions {
  /** Syncs at a time in this process. */
  readonly concurrency: number
  /** Told once per job that is given up: its tries are used up, or more of them cannot help. */
  readonly onGaveUp: OnGaveUp
  /** Told of errors that belong to no handler: a lost connection, a lost lock, a listener that threw. */
  readonly onError: (queue: string, error: Error) => void
  /** Told of a job whose worker went silent; it runs again. */
  readonly onStalled?: (queue: string, jobId: string) => void
  readonly prefix?: string
  /** 10 s and 5 s bring a killed worker's jobs back within 15.5 s (BullMQ's own 30 s and 30 s: 60 to 90 s, measured). */
  readonly lockDurationMs?: number
  readonly stalledIntervalMs?: number
  /** How many deaths of its worker a job outlives; BullMQ's own 1 fails it for good at the second. */
  readonly maxStalledCount?: number
  readonly now?: () => number
  readonly random?: () => number
}

export interface Consumers {
  /** Epoch milliseconds of the latest start of a job here; null before the first. For a watchdog over progress. */
  lastStartedAt(): number | null
  /**
   * Takes no more jobs and waits `graceMs` for those that run; then aborts their signals, which hands them back, and
   * waits at most 2 s more. `drained` tells whether everything ended: if not, timers of BullMQ live on and the
   * process has to exit by force (a Redis that is away holds BullMQ's own close up for ever, measured).
   */
  close(graceMs: number): Promise<{ readonly drained: boolean }>
}

const RELEASE_MS = 2_000

/** Starts one worker per queue. `redis`, of either kind, tells where; the workers' connections are their own. */
export function createConsumers(redis: Redis, handlers: JobHandlers, options: ConsumerOptions): Consumers {
  const { now = Date.now, random = Math.random, onGaveUp, onError, onStalled } = options
  let closing = false
  let startedAt: number | null = null
  const context: ProcessContext = { handlers, onGaveUp, onError, now, random, closing: () => closing }
  const telling = new Set<Promise<void>>()
  const { source, disconnect } = ownConnections(redis, { onError: (error) => onError('redis', error) }, 'all')

  const start = (queue: QueueName, concurrency: number): Worker => {
    // BullMQ hands a signal over only to a processor that names three parameters.
    const run = (job: Job, token = '', signal = new AbortController().signal) => {
      startedAt = now()
      return processJob(context, job, token, signal)
    }
    const worker = new Worker(queue, (job, token, signal) => run(job, token, signal), {
      connection: source,
      prefix: options.prefix ?? DEFAULT_PREFIX,
      concurrency,
      lockDuration: options.lockDurationMs ?? 10_000,
      stalledInterval: options.stalledIntervalMs ?? 5_000,
      maxStalledCount: options.maxStalledCount ?? 3,
      settings: { backoffStrategy: (attempts) => retryDelayMs(attempts, random) },
    })
    worker.on('error', (error) => onError(queue, error))
    worker.on('stalled', (jobId) => onStalled?.(queue, jobId))
    worker.on('lockRenewalFailed', (jobIds) => {
      for (const jobId of jobIds) worker.cancelJob(jobId, 'lock lost')
    })
    worker.on('failed', (job, error) => {
      if (!job?.finishedOn || error instanceof GaveUp) return
      const told = tellStalled(context, job).finally(() => telling.delete(told))
      telling.add(told)
    })
    return worker
  }

  const perQueue = concurrencyPerQueue(options.concurrency)
  const workers = QUEUES.map((queue) => start(queue, perQueue[queue]))

  return {
    lastStartedAt: () => startedAt,
    async close(graceMs) {
      closing = true
      const closed = Promise.all(workers.map((worker) => worker.close())).then(() => Promise.all(telling))
      let drained = await withinMs(closed, graceMs)
      if (!drained) {
        for (const worker of workers) worker.cancelAllJobs('worker ends')
        drained = await withinMs(closed, RELEASE_MS)
      }
      disconnect()
      return { drained }
    },
  }
}

/** Syncs get what was asked for; history a tenth, so that a year of it does not crowd out the present. */
function concurrencyPerQueue(concurrency: number): Readonly<Record<QueueName, number>> {
  return {
    'bg-sync': concurrency,
    'bg-history': Math.max(1, Math.floor(concurrency / 10)),
    'bg-connection': 10,
    'bg-maintenance': 5,
    // A tick only asks for a sync: two round trips to Redis.
    'bg-tick': 50,
  }
}
