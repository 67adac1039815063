import type { Redis } from 'ioredis'
import { DEFAULT_PREFIX } from './queues.ts'

export interface RestoreMarker {
  /** Whether all schedules were restored since Redis lost its data, if it ever did. */
  isSet(): Promise<boolean>
  /** Marks the beginning of a restoration; hands back what ends it, which does nothing where Redis lost its data meanwhile. */
  begin(token: string): Promise<() => Promise<void>>
}

const DONE = 'restored'
const FINISH = `return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('SET', KEYS[1], ARGV[2]) and 1 or 0`

/** A key that is there while the schedules are: gone with them, it tells that they have to be restored. */
export function createRestoreMarker(redis: Redis, { prefix = DEFAULT_PREFIX } = {}): RestoreMarker {
  const key = `${prefix}:schedules:marker`
  return {
    isSet: async () => (await redis.get(key)) === DONE,
    async begin(token) {
      await redis.set(key, token)
      return async () => void (await redis.eval(FINISH, 1, key, token, DONE))
    },
  }
}
