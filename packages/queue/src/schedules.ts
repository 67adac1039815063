import { pollOffsetMs, type UserId } from '@bg-ingest/domain'
import type { Redis } from 'ioredis'
import { jobs } from './jobs.ts'
import { openQueue, type QueueOptions } from './queues.ts'
import { userKey } from './user-key.ts'

export interface Schedules {
  /**
   * Polls the user every `everyMs` (at least 2), at a phase that depends on the user alone. Safe to repeat: the same
   * call changes nothing, and revives a schedule whose next tick was lost.
   */
  upsert(userId: UserId, everyMs: number): Promise<void>
  remove(userId: UserId): Promise<void>
  count(): Promise<number>
  /** Users whose tick has been due for `graceMs` and was not made: chains that stopped. At most `limit` of them. */
  overdue(graceMs: number, limit: number): Promise<UserId[]>
  close(): Promise<void>
}

export interface SchedulesOptions extends QueueOptions {
  readonly now?: () => number
}

const { name, schema, priority, options: tickOptions } = jobs.pollTick

/** One scheduler per user. It makes ticks, whose handler only asks for a sync: a scheduler's jobs ignore deduplication. */
export function createSchedules(redis: Redis, options: SchedulesOptions = {}): Schedules {
  const queue = openQueue(redis, 'bg-tick', options)
  const now = options.now ?? Date.now
  const idOf = (userId: UserId) => userKey(userId, 'poll')
  return {
    async upsert(userId, everyMs) {
      // With an offset the first run is at the next slot, also after a change of `every`; an offset that changed
      // alone would not take effect (6.7.0, measured), but ours follows from user and interval.
      const offset = pollOffsetMs(userId, everyMs)
      const data = schema.parse({ v: 1, userId })
      const opts = { ...tickOptions, priority: priority(data) }
      await queue.upsertJobScheduler(idOf(userId), { every: everyMs, offset }, { name, data, opts })
    },
    async remove(userId) {
      await queue.removeJobScheduler(idOf(userId))
    },
    count: () => queue.getJobSchedulersCount(),
    async overdue(graceMs, limit) {
      const first = await queue.getJobSchedulers(0, limit - 1, true)
      return first
        .filter(({ next }) => next !== undefined && next < now() - graceMs)
        .flatMap(({ template }) => schema.safeParse(template?.data).data?.userId ?? [])
    },
    close: () => queue.close(),
  }
}
