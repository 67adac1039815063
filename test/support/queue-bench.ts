import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { UserId } from '@bg-ingest/domain'
import {
  type ConsumerOptions,
  type Consumers,
  connectForRequests,
  connectForWork,
  createConsumers,
  createJobReader,
  createProducer,
  createSchedules,
  JOB_KEYS,
  type JobHandlers,
  openQueues,
} from '@bg-ingest/queue'

const ignore = () => undefined
const unexpected = () => Promise.reject(new Error('no job of this kind was expected'))

const NO_HANDLERS = Object.fromEntries(JOB_KEYS.map((key) => [key, unexpected])) as unknown as JobHandlers

/** All parts of the queue over one Redis, under a prefix of their own unless told; close() closes whatever was opened. */
export async function openQueueBench(url: string, prefix = `test-${randomUUID()}`) {
  const redis = connectForRequests(url, { onError: ignore })
  const work = connectForWork(url, { onError: ignore })
  // Fail-fast commands are refused until the connection stands.
  await Promise.all([once(redis, 'ready'), once(work, 'ready')])
  const producer = createProducer(redis, { now: Date.now, newId: randomUUID, prefix })
  const reader = createJobReader(redis, { prefix })
  const schedules = createSchedules(work, { prefix })
  const opened = openQueues(work, { prefix })
  const running: Consumers[] = []
  return {
    prefix,
    redis,
    work,
    producer,
    reader,
    schedules,
    queues: opened.queues,
    /** Starts workers that know the given handlers alone. */
    consume(handlers: Partial<JobHandlers>, options: Partial<ConsumerOptions> = {}): Consumers {
      const all = { concurrency: 20, onGaveUp: ignore, onError: ignore, prefix, ...options }
      const consumers = createConsumers(work, { ...NO_HANDLERS, ...handlers }, all)
      running.push(consumers)
      return consumers
    },
    async close() {
      await Promise.all(running.map((consumers) => consumers.close(5_000)))
      await Promise.all([producer.close(), reader.close(), schedules.close(), opened.close()])
      redis.disconnect()
      work.disconnect()
    },
  }
}

export type QueueBench = Awaited<ReturnType<typeof openQueueBench>>

let users = 0

/** A user id nobody else has, with every character in it that a key of BullMQ must not have. */
export const aUser = (): UserId => UserId.parse(`auth0|a:${++users}@b+c=d~e`)
