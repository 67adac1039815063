import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { QUEUES, type QueueName } from './define-job.ts'

/** First part of every key in Redis. */
export const DEFAULT_PREFIX = 'bg'

export interface QueueOptions {
  readonly prefix?: string
  /** Told of errors that belong to no call. Those of the connection itself go to the connection's own listener. */
  readonly onError?: (error: Error) => void
}

/**
 * Queues over a connection that the caller owns and closes. They fail as fast as the connection does, also where Redis
 * is away when the process starts: without skipVersionCheck, skipWaitingForReady kills the process (BullMQ 6.7.0).
 */
export function openQueue(redis: Redis, name: QueueName, { prefix = DEFAULT_PREFIX, onError }: QueueOptions): Queue {
  const queue = new Queue(name, { connection: redis, prefix, skipWaitingForReady: true, skipVersionCheck: true })
  queue.on('error', (error) => onError?.(error))
  return queue
}

export type Queues = Readonly<Record<QueueName, Queue>>

export interface OpenQueues {
  readonly queues: Queues
  close(): Promise<void>
}

/** All queues at once, for the producer, the metrics and the board. */
export function openQueues(redis: Redis, options: QueueOptions = {}): OpenQueues {
  const queues = Object.fromEntries(QUEUES.map((name) => [name, openQueue(redis, name, options)])) as unknown as Queues
  return {
    queues,
    async close() {
      await Promise.all(Object.values(queues).map((queue) => queue.close()))
    },
  }
}
