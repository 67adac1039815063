import type { Redis } from 'ioredis'
import { DEFAULT_PREFIX } from './queues.ts'

export interface LeadershipOptions {
  /** What is led; one leader each. */
  readonly name: string
  /** Unique to this process. */
  readonly token: string
  /** How long a leader that fell silent keeps the others waiting. */
  readonly ttlMs: number
  readonly prefix?: string
}

export interface Leadership {
  /** `taken`: this process leads from now on; `kept`: it still does, for another `ttlMs`; `other`: somebody else does. */
  hold(): Promise<'taken' | 'kept' | 'other'>
  /** Lets the next one in at once. */
  release(): Promise<void>
}

const HOLD = `
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 'kept'
end
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 'taken' or 'other'`

const RELEASE = `return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0`

/** One process of the fleet leads, by a key in Redis with a token; who finds the key gone may take it, and knows. */
export function createLeadership(redis: Redis, options: LeadershipOptions): Leadership {
  const key = `${options.prefix ?? DEFAULT_PREFIX}:leader:${options.name}`
  return {
    async hold() {
      const answer = await redis.eval(HOLD, 1, key, options.token, options.ttlMs)
      return answer === 'kept' || answer === 'taken' ? answer : 'other'
    },
    async release() {
      await redis.eval(RELEASE, 1, key, options.token)
    },
  }
}
