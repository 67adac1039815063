import type { UserId } from '@bg-ingest/domain'
import type { Redis } from 'ioredis'
import { latestKey } from './latest-codec.ts'
import { DEFAULT_PREFIX } from './queues.ts'
import { digestKey } from './seen-digests.ts'

const SCAN_COUNT = 500

/**
 * Removes what Redis holds of a person beside jobs: the digest of what was stored, the entry of the newest reading, and
 * the one-time tickets of a connect that was begun, whose values name them. Goes over all keys of Redis, 500 at a time; an
 * erasure is rare. Answers how many.
 */
export async function forgetTraces(
  redis: Redis,
  userId: UserId,
  { prefix = DEFAULT_PREFIX }: { readonly prefix?: string } = {},
): Promise<number> {
  const found: string[] = []
  for (let cursor = '0'; ; ) {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}:ticket:*`, 'COUNT', SCAN_COUNT)
    const values = keys.length > 0 ? await redis.mget(keys) : []
    found.push(...keys.filter((_, i) => names(values[i], userId)))
    if (next === '0') break
    cursor = next
  }
  return redis.del(digestKey(prefix, userId), latestKey(userId, prefix), ...found)
}

function names(json: string | null | undefined, userId: UserId): boolean {
  const value: unknown = JSON.parse(json ?? 'null')
  return typeof value === 'object' && value !== null && 'userId' in value && value.userId === userId
}
