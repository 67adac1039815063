import type { Job } from 'bullmq'
import type { Redis } from 'ioredis'
import * as z from 'zod'
import { addJob } from './add-job.ts'
import { QUEUES, type QueueName } from './define-job.ts'
import { definitionOf, JOB_KEYS } from './jobs.ts'
import { DEFAULT_PREFIX, type Queues } from './queues.ts'

/** Far above what an upgrade leaves; beyond it a job stays in its queue instead, delayed, so that none is lost. */
const LIMIT = 10_000
const SCAN_COUNT = 200

const ParkedJob = z.object({
  name: z.string(),
  /** Version of the payload as it says itself; null where it says none. */
  version: z.number().nullable(),
  data: z.looseObject({}),
  /** Epoch milliseconds. */
  askedAt: z.number(),
})

/** A job that this version of the service cannot read, as it came. */
export type ParkedJob = z.output<typeof ParkedJob> & { readonly queue: QueueName; readonly id: string }

export interface ParkedJobs {
  /** Keeps the job aside, once; false where there is no room left. */
  park(job: Job): Promise<boolean>
  counts(): Promise<Readonly<Record<QueueName, number>>>
  /** Puts what this version can read back into its queue, and answers how many; the rest stays. */
  unpark(queues: Queues, newId: () => string): Promise<number>
  /** Removes what names an erased person, and answers how many. */
  forget(userId: string): Promise<number>
}

/**
 * Jobs of another version of this service: neither thrown away nor tried again and again. They wait in one hash per
 * queue, with their payload untouched, for a worker that knows them.
 */
export function createParkedJobs(
  redis: Redis,
  { prefix = DEFAULT_PREFIX }: { readonly prefix?: string } = {},
): ParkedJobs {
  const keyOf = (queue: string) => `${prefix}:parked:${queue}`

  const visit = async (use: (job: ParkedJob) => Promise<boolean>): Promise<number> => {
    let used = 0
    for (const queue of QUEUES) {
      for await (const job of parkedIn(redis, keyOf(queue), queue)) {
        if (!(await use(job))) continue
        await redis.hdel(keyOf(queue), job.id)
        used += 1
      }
    }
    return used
  }

  return {
    async park({ queueName, id = '', name, data, timestamp }) {
      if ((await redis.hlen(keyOf(queueName))) >= LIMIT) return false
      const parked = { name, version: versionOf(data), data, askedAt: timestamp }
      await redis.hsetnx(keyOf(queueName), id, JSON.stringify(parked))
      return true
    },
    async counts() {
      const counts = await Promise.all(QUEUES.map(async (queue) => [queue, await redis.hlen(keyOf(queue))]))
      return Object.fromEntries(counts)
    },
    unpark: (queues, newId) =>
      visit(async ({ name, data, askedAt }) => {
        const definition = JOB_KEYS.map((key) => definitionOf(key)).find((known) => known.name === name)
        const parsed = definition?.schema.safeParse(data)
        if (!definition || !parsed?.success) return false
        await addJob(queues, definition, parsed.data, { newId, timestamp: askedAt })
        return true
      }),
    forget: (userId) => visit(async ({ data }) => data['userId'] === userId),
  }
}

async function* parkedIn(redis: Redis, key: string, queue: QueueName): AsyncGenerator<ParkedJob> {
  for (let cursor = '0'; ; ) {
    const [next, fields] = await redis.hscan(key, cursor, 'COUNT', SCAN_COUNT)
    for (let i = 0; i + 1 < fields.length; i += 2)
      yield { ...ParkedJob.parse(JSON.parse(fields[i + 1] ?? '')), queue, id: fields[i] ?? '' }
    if (next === '0') return
    cursor = next
  }
}

/** The version that a payload says it has. */
export function versionOf(data: unknown): number | null {
  const version = z.object({ v: z.number() }).safeParse(data)
  return version.success ? version.data.v : null
}
