import type { UserId } from '@bg-ingest/domain'
import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Schedule } from './schedules.ts'

/**
 * `missing`: not there; `interval`: polls at another pace; `stopped`: its next tick does not exist; `ahead`: that is
 * further away than an interval, because a worker whose clock is ahead has had the ticks before it.
 */
export type ScheduleFault = 'missing' | 'interval' | 'stopped' | 'ahead'

interface Inspection {
  readonly wanted: readonly Schedule[]
  readonly idOf: (userId: UserId) => string
  readonly nowMs: number
}

/** A tick that is due may be on its way to a worker; what stays due is found by `overdue`. */
const ON_ITS_WAY_MS = 1_000
/** Clocks of one fleet differ by less; more is a fault that the next look finds as well. */
const CLOCKS_DIFFER_MS = 5_000

/** Of our own clock and that of Redis the later one: whoever looks with a clock that is behind finds nothing ahead. */
const latest = async (redis: Redis, nowMs: number) => Math.max(nowMs, Number((await redis.time())[0]) * 1_000)

/** Of the schedulers with the furthest next run, those further than an interval away. */
export async function aheadAmong<T extends { readonly next: number; readonly everyMs: number }>(
  redis: Redis,
  furthest: readonly T[],
  nowMs: number,
): Promise<T[]> {
  const latestMs = await latest(redis, nowMs)
  return furthest.filter(({ next, everyMs }) => next > latestMs + everyMs + CLOCKS_DIFFER_MS)
}

/**
 * Compares schedules with what they should be, in two rounds over one connection however many they are. Reads BullMQ's
 * own keys (6.7.0): `repeat` holds the next run of each scheduler, `repeat:<id>` its interval, `delayed` the ticks.
 */
export async function inspectSchedules(
  redis: Redis,
  queue: Queue,
  { wanted, idOf, nowMs }: Inspection,
): Promise<Map<UserId, ScheduleFault>> {
  const faults = new Map<UserId, ScheduleFault>()
  const latestMs = await latest(redis, nowMs)
  const waiting: { readonly userId: UserId; readonly tick: Promise<string | null> }[] = []
  // Commands of one turn of the event loop leave in one write, so this is one round trip.
  const looked = wanted.map(({ userId }) => {
    const id = idOf(userId)
    return Promise.all([redis.zscore(queue.toKey('repeat'), id), redis.hget(queue.toKey(`repeat:${id}`), 'every')])
  })
  for (const [i, [score, every]] of (await Promise.all(looked)).entries()) {
    const schedule = wanted[i]
    if (!schedule) continue
    const { userId, everyMs } = schedule
    const next = Number(score)
    if (score === null) faults.set(userId, 'missing')
    else if (Number(every) !== everyMs) faults.set(userId, 'interval')
    else if (next > latestMs + everyMs + CLOCKS_DIFFER_MS) faults.set(userId, 'ahead')
    else if (next > nowMs + ON_ITS_WAY_MS) {
      const tick = redis.zscore(queue.toKey('delayed'), `repeat:${idOf(userId)}:${next}`)
      waiting.push({ userId, tick })
    }
  }
  for (const { userId, tick } of waiting) if ((await tick) === null) faults.set(userId, 'stopped')
  return faults
}

/** Of schedulers whose next run is over: those whose tick is nowhere, so that nothing would ever make another. */
export async function stoppedAmong<T extends { readonly id: string; readonly next: number }>(
  queue: Queue,
  due: readonly T[],
): Promise<T[]> {
  const states = await Promise.all(due.map(({ id, next }) => queue.getJobState(`repeat:${id}:${next}`)))
  return due.filter((_, i) => states[i] === 'unknown')
}
