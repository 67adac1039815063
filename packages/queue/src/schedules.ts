import { pollOffsetMs, registryShard, type UserId } from '@bg-ingest/domain'
import type { Redis } from 'ioredis'
import { jobs } from './jobs.ts'
import { DEFAULT_PREFIX, openQueue, type QueueOptions } from './queues.ts'
import { aheadAmong, inspectSchedules, type ScheduleFault, stoppedAmong } from './schedule-faults.ts'
import { userKey } from './user-key.ts'

/** A person and how often they are polled, in milliseconds, at least 2. */
export interface Schedule {
  readonly userId: UserId
  readonly everyMs: number
}

export interface Schedules {
  /**
   * Polls the user every `everyMs`, at a phase that depends on the user alone. Safe to repeat: the same call changes
   * nothing, and revives a schedule whose next tick was lost.
   */
  upsert(userId: UserId, everyMs: number): Promise<void>
  remove(userId: UserId): Promise<void>
  count(): Promise<number>
  /** Users whose tick has been due for `graceMs` and does not exist: chains that stopped. Looks at `limit` of them. */
  overdue(graceMs: number, limit: number): Promise<UserId[]>
  /** Users whose next tick is further away than their interval. Looks at the `limit` furthest. */
  ahead(limit: number): Promise<UserId[]>
  /** What is wrong with the schedules of these people; who is not in the answer is polled as they should be. */
  inspect(wanted: readonly Schedule[]): Promise<ReadonlyMap<UserId, ScheduleFault>>
  /** Sets one right, at the slot of its phase that comes next. */
  repair(wanted: Schedule, fault: ScheduleFault): Promise<void>
  /** Everybody who has a schedule, some at a time. */
  everybody(): AsyncIterable<readonly UserId[]>
  /** Parts of the registry whose people had a schedule changed since the last call. */
  touched(): Promise<string[]>
  close(): Promise<void>
}

export interface SchedulesOptions extends QueueOptions {
  readonly now?: () => number
}

const { name, schema, priority, options: tickOptions } = jobs.pollTick

/** More than the parts there are. */
const ALL_SHARDS = 1_000
const SCAN_COUNT = 500

/** One scheduler per user. It makes ticks, whose handler only asks for a sync: a scheduler's jobs ignore deduplication. */
export function createSchedules(redis: Redis, options: SchedulesOptions = {}): Schedules {
  const queue = openQueue(redis, 'bg-tick', options)
  const now = options.now ?? Date.now
  const touchedKey = `${options.prefix ?? DEFAULT_PREFIX}:schedules:touched`
  const idOf = (userId: UserId) => userKey(userId, 'poll')

  const put = async ({ userId, everyMs }: Schedule) => {
    // With an offset the first run is at the next slot, also after a change of `every`; an offset that changed
    // alone would not take effect (6.7.0, measured), but ours follows from user and interval.
    const offset = pollOffsetMs(userId, everyMs)
    const data = schema.parse({ v: 1, userId })
    const opts = { ...tickOptions, priority: priority(data) }
    await queue.upsertJobScheduler(idOf(userId), { every: everyMs, offset }, { name, data, opts })
  }
  // Afterwards, so that whoever looks there sees the change.
  const touch = (userId: UserId) => redis.sadd(touchedKey, registryShard(userId))

  return {
    async upsert(userId, everyMs) {
      await put({ userId, everyMs })
      await touch(userId)
    },
    async remove(userId) {
      await queue.removeJobScheduler(idOf(userId))
      await touch(userId)
    },
    count: () => queue.getJobSchedulersCount(),
    async overdue(graceMs, limit) {
      const first = await queue.getJobSchedulers(0, limit - 1, true)
      const due = first.flatMap(({ key, next, template }) => {
        const userId = schema.safeParse(template?.data).data?.userId
        return userId && next !== undefined && next < now() - graceMs ? [{ id: key, next, userId }] : []
      })
      return (await stoppedAmong(queue, due)).map(({ userId }) => userId)
    },
    async ahead(limit) {
      const last = await queue.getJobSchedulers(0, limit - 1, false)
      const furthest = last.flatMap(({ next, every, template }) => {
        const userId = schema.safeParse(template?.data).data?.userId
        return userId && next !== undefined && every !== undefined ? [{ next, everyMs: Number(every), userId }] : []
      })
      return (await aheadAmong(redis, furthest, now())).map(({ userId }) => userId)
    },
    inspect: (wanted) => inspectSchedules(redis, queue, { wanted, idOf, nowMs: now() }),
    async repair(wanted, fault) {
      // An upsert over a chain that stopped begins a slot late, and one that is ahead stays so; what is left of its tick
      // would cost another slot.
      if (fault === 'stopped' || fault === 'ahead') {
        const id = idOf(wanted.userId)
        const next = await redis.zscore(queue.toKey('repeat'), id)
        await queue.removeJobScheduler(id)
        await redis.del(queue.toKey(`repeat:${id}:${Number(next)}`))
      }
      await put(wanted)
    },
    async *everybody() {
      for (let cursor = '0'; ; ) {
        const [next, found] = await redis.zscan(queue.toKey('repeat'), cursor, 'COUNT', SCAN_COUNT)
        const ids = found.filter((_, i) => i % 2 === 0)
        const data = await Promise.all(ids.map((id) => redis.hget(queue.toKey(`repeat:${id}`), 'data')))
        yield data.flatMap((json) => schema.safeParse(JSON.parse(json ?? 'null')).data?.userId ?? [])
        if (next === '0') return
        cursor = next
      }
    },
    touched: () => redis.spop(touchedKey, ALL_SHARDS),
    close: () => queue.close(),
  }
}
