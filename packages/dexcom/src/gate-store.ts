import type { Redis } from 'ioredis'

/** What the fleet knows together of one region, at one moment. */
export interface FleetView {
  readonly processes: number
  readonly pausedMs: number
  /** Calls of the present minute and the sixty before it. */
  readonly calls: number
}

export interface GateStore {
  /** Counts a call and answers 0, or the milliseconds for which the region pauses. One round trip. */
  admit(): Promise<number>
  /** Extends the region's pause for all processes. */
  pause(ms: number): Promise<void>
  /** A sign of life, with what this process did and learnt while it could not tell. */
  beat(report: { readonly pausedMs: number; readonly uncounted: number }): Promise<FleetView>
  leave(): Promise<void>
}

/** Longer than a freeze that a process survives: counting a dead one too long only makes the local shares smaller. */
const STALE_MS = 15_000
const CALLS_KEPT_SECONDS = 7_200
const MEMBERS_KEPT_SECONDS = 60

const ADMIT = `local left = redis.call('pttl', KEYS[1])
if left > 0 then return left end
redis.call('hincrby', KEYS[2], math.floor(redis.call('time')[1] / 60), 1)
return 0`

const PAUSE = `if redis.call('pttl', KEYS[1]) < tonumber(ARGV[1]) then redis.call('set', KEYS[1], '1', 'PX', ARGV[1]) end`

const BEAT = `local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local minute = math.floor(time[1] / 60)
redis.call('zadd', KEYS[3], now, ARGV[1])
redis.call('zremrangebyscore', KEYS[3], '-inf', now - ${STALE_MS})
redis.call('expire', KEYS[3], ${MEMBERS_KEPT_SECONDS})
if tonumber(ARGV[3]) > 0 then redis.call('hincrby', KEYS[2], minute, ARGV[3]) end
local calls, counts = 0, redis.call('hgetall', KEYS[2])
for i = 1, #counts, 2 do
  if tonumber(counts[i]) < minute - 60 then redis.call('hdel', KEYS[2], counts[i]) else calls = calls + counts[i + 1] end
end
redis.call('expire', KEYS[2], ${CALLS_KEPT_SECONDS})
local left = math.max(redis.call('pttl', KEYS[1]), 0)
if left < tonumber(ARGV[2]) then
  redis.call('set', KEYS[1], '1', 'PX', ARGV[2])
  left = tonumber(ARGV[2])
end
return { redis.call('zcard', KEYS[3]), left, calls }`

/** The shared part of a region's gate, by Redis' own clock. `base` begins its keys, `member` is this process. */
export function createGateStore(redis: Redis, base: string, member: string): GateStore {
  const pauseKey = `${base}:pause`
  const callsKey = `${base}:calls`
  const membersKey = `${base}:members`
  return {
    admit: async () => Number(await redis.eval(ADMIT, 2, pauseKey, callsKey)),
    async pause(ms) {
      await redis.eval(PAUSE, 1, pauseKey, Math.ceil(ms))
    },
    async beat({ pausedMs, uncounted }) {
      const args = [member, Math.ceil(pausedMs), uncounted]
      const [processes, left, calls] = (await redis.eval(BEAT, 3, pauseKey, callsKey, membersKey, ...args)) as number[]
      return { processes: Number(processes), pausedMs: Number(left), calls: Number(calls) }
    },
    async leave() {
      await redis.zrem(membersKey, member)
    },
  }
}
