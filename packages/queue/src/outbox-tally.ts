import type { UserId } from '@bg-ingest/domain'
import type { Redis } from 'ioredis'
import { DEFAULT_PREFIX } from './queues.ts'
import { userKey } from './user-key.ts'

export interface OutboxTally {
  /** Notes how many log items of a person wait for the broker. Does not wait for an answer and never throws. */
  note(userId: UserId, items: number): void
  /** Of all people together, as far as it was noted since Redis last lost its data. */
  total(): Promise<number>
}

/** One hash with whoever has something waiting, and the sum of it, so that a scrape costs one read however many they are. */
const NOTE = `
local before = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
local now = tonumber(ARGV[2])
if now == before then return end
if now == 0 then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
redis.call('INCRBY', KEYS[2], now - before)`

/** Counts what the whole fleet has not published yet. Holds no user id, and may be lost: the hourly pass sets it right. */
export function createOutboxTally(
  redis: Redis,
  { prefix = DEFAULT_PREFIX }: { readonly prefix?: string } = {},
): OutboxTally {
  const people = `${prefix}:outbox:people`
  const total = `${prefix}:outbox:total`
  return {
    note(userId, items) {
      // Calls made while Redis is away would wait for it in a queue without bound.
      if (redis.status !== 'ready') return
      redis.eval(NOTE, 2, people, total, userKey(userId), items).catch(() => undefined)
    },
    async total() {
      return Number((await redis.get(total)) ?? 0)
    },
  }
}
