import type { Job } from 'bullmq'
import type { Redis } from 'ioredis'
import { retryDelayMs } from './backoff.ts'
import { QUEUES, type QueueName } from './define-job.ts'
import { drain } from './drain.ts'
import { hasEarlier } from './job-order.ts'
import { createParkedJobs, versionOf } from './parked-jobs.ts'
import {
  GaveUp,
  type JobHandlers,
  type OnGaveUp,
  type OnPoison,
  type ProcessContext,
  processJob,
  tellStalled,
} from './process-job.ts'
import { createProgress, type Progress } from './progress.ts'
import { PromptWorker } from './prompt-worker.ts'
import { DEFAULT_PREFIX, openQueue } from './queues.ts'
import { ownConnections } from './redis.ts'
import type { RunAlone } from './suspects.ts'

/** What is told of a job that this version cannot read. */
export interface SetAside {
  readonly queue: string
  readonly name: string
  readonly jobId: string
  readonly version: number | null
}

export interface ConsumerOptions {
  /** What the board calls this process where it says who ran a job. */
  readonly name?: string
  /** Syncs at a time in this process. */
  readonly concurrency: number
  /** Told once per job that is given up: its tries are used up, or more of them cannot help. */
  readonly onGaveUp: OnGaveUp
  /** Told of a job that ends its process, before it is given up. */
  readonly onPoison?: OnPoison
  /** Told of errors that belong to no handler: a lost connection, a lost lock, a listener that threw. */
  readonly onError: (queue: string, error: Error) => void
  /** Told of a job whose worker went silent; it runs again. */
  readonly onStalled?: (queue: string, jobId: string) => void
  /** Told of a job of another version; it was kept aside, and `unpark` brings it back. */
  readonly onSetAside?: (job: SetAside) => void
  readonly prefix?: string
  /**
   * 10 s and 3 s bring a killed worker's jobs back within 13 s (BullMQ's own 30 s and 30 s: 60 to 90 s, measured). With 5 s
   * it is 15 s, and a busy machine's delay breaks the 16 s that we promise. A look costs Redis one script a queue and fleet.
   */
  readonly lockDurationMs?: number
  readonly stalledIntervalMs?: number
  /**
   * Runs a job under which workers have died twice in a process of its own: it is given up where that one dies too, while
   * a worker that was killed by somebody else takes it along and proves nothing.
   */
  readonly runAlone?: RunAlone
  /**
   * Given up whatever killed its workers, after so many of them; BullMQ's own 1 fails it for good at the second. Unless
   * told 3, which nobody but a suspect alone can tell from chance, so 20 where there is `runAlone`: what takes even the
   * worker beside it along (a container that is killed whole) ends some five minutes later.
   */
  readonly maxStalledCount?: number
  readonly now?: () => number
  readonly random?: () => number
}

export interface Consumers {
  /** Epoch milliseconds of the latest start of a job here; null before the first. */
  lastStartedAt(): number | null
  /** What runs here, queue by queue. For a watchdog. */
  progress(): Progress
  /**
   * Takes no more jobs and waits `graceMs` for those that run; then aborts their signals, which hands them back, and
   * waits at most `releaseMs` more (2 s unless told). `drained` tells whether nothing of ours runs any more and what
   * ran is accounted for in Redis, as far as Redis answers (its absence would hold BullMQ's own close up for ever).
   */
  close(graceMs: number, releaseMs?: number): Promise<{ readonly drained: boolean }>
}

/** Starts one worker per queue. `redis`, of either kind, tells where; the workers' connections are their own. */
export function createConsumers(redis: Redis, handlers: JobHandlers, options: ConsumerOptions): Consumers {
  const { now = Date.now, random = Math.random, prefix = DEFAULT_PREFIX, runAlone = null, onError } = options
  const maxStalledCount = options.maxStalledCount ?? (runAlone ? MAX_DEATHS_ALONE : MAX_DEATHS)
  let closing = false
  const { source, disconnect } = ownConnections(redis, { onError: (error) => onError('redis', error) }, 'all')
  const perQueue = concurrencyPerQueue(options.concurrency)
  const progress = createProgress(perQueue, now)
  const parked = createParkedJobs(source, { prefix })
  const inOrder = openQueue(source, 'bg-connection', { prefix, onError: (error) => onError('bg-connection', error) })
  const context: ProcessContext = {
    handlers,
    onGaveUp: options.onGaveUp,
    onPoison: options.onPoison ?? (() => undefined),
    onError,
    now,
    random,
    closing: () => closing,
    maxDeaths: maxStalledCount,
    suspects: { beside: 0, alone: 0 },
    runAlone,
    hasEarlier: (job) => hasEarlier(inOrder, job),
    async park(job) {
      const done = await parked.park(job)
      const { queueName, name, id = '', data } = job
      options.onSetAside?.({ queue: queueName, name, jobId: id, version: versionOf(data) })
      return done
    },
  }
  const telling = new Set<Promise<void>>()

  const start = (queue: QueueName): PromptWorker => {
    // BullMQ hands a signal over only to a processor that names three parameters.
    const run = (job: Job, token = '', signal = new AbortController().signal) =>
      progress.track(queue, () => processJob(context, job, token, signal))
    const worker = new PromptWorker(queue, (job, token, signal) => run(job, token, signal), {
      connection: source,
      prefix,
      ...(options.name !== undefined && { name: options.name }),
      concurrency: perQueue[queue],
      lockDuration: options.lockDurationMs ?? 10_000,
      stalledInterval: options.stalledIntervalMs ?? 3_000,
      maxStalledCount,
      runRetryDelay: RETRY_REDIS_MS,
      settings: { backoffStrategy: (attempts) => retryDelayMs(attempts, random) },
    })
    worker.on('error', (error) => onError(queue, error))
    worker.on('stalled', (jobId) => options.onStalled?.(queue, jobId))
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

  const workers = QUEUES.map(start)

  return {
    lastStartedAt: () => latest(progress.read()),
    progress: progress.read,
    async close(graceMs, releaseMs = RELEASE_MS) {
      closing = true
      const closed = Promise.all(workers.map((worker) => worker.close())).then(() => Promise.all(telling))
      const cancel = () => {
        for (const worker of workers) worker.cancelAllJobs('worker ends')
      }
      const drained = await drain({ closed, running: progress.running, cancel, graceMs, releaseMs })
      disconnect()
      await Promise.all(workers.map((worker) => worker.letGo()))
      return { drained }
    },
  }
}

const MAX_DEATHS = 3
const MAX_DEATHS_ALONE = 20
const RELEASE_MS = 2_000
/** After Redis refused a command (a replica, out of memory) BullMQ looks again; its own 15 s are longer than a failover. */
const RETRY_REDIS_MS = 1_000

function latest(progress: Progress): number | null {
  const starts = QUEUES.flatMap((queue) => progress[queue].lastStartedAt ?? [])
  return starts.length === 0 ? null : Math.max(...starts)
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
