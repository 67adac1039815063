import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { QUEUES, type QueueName } from './define-job.ts'
import type { Queues } from './queues.ts'

/** BullMQ stores the instant of a delayed job times 4096, to keep equal ones in order (6.7.0, getDelayedScore.lua). */
const DELAY_FACTOR = 0x1000

export type Startable = Readonly<Record<QueueName, boolean>>

/**
 * Whether each queue has a job that a worker could start now: one that waits, or whose delay ended `graceMs` ago. A
 * paused queue has none, and a delay that somebody asked for (a limit, the circuit breaker) is not over.
 */
export async function startable(redis: Redis, queues: Queues, nowMs: number, graceMs: number): Promise<Startable> {
  const answers = await Promise.all(
    QUEUES.map(async (name) => [name, await hasStartable(redis, queues[name], nowMs - graceMs)] as const),
  )
  return Object.fromEntries(answers) as Record<QueueName, boolean>
}

async function hasStartable(redis: Redis, queue: Queue, dueBefore: number): Promise<boolean> {
  if (await queue.isPaused()) return false
  if ((await queue.getJobCountByTypes('waiting', 'prioritized')) > 0) return true
  const [, score] = await redis.zrange(queue.toKey('delayed'), '0', '0', 'WITHSCORES')
  return score !== undefined && Number(score) / DELAY_FACTOR < dueBefore
}
