import type { UserId } from '@bg-ingest/domain'
import type { Redis } from 'ioredis'
import {
  downMark,
  type EntrySealer,
  latestKey,
  openEntry,
  parseUp,
  type StoredEntry,
  sealEntry,
} from './latest-codec.ts'
import { unavailable } from './unavailable.ts'
import { withinMs } from './within.ts'

/** The worker's side of the entries that the newest reading is answered from. */
export interface LatestEntries {
  /** Puts a mark in place of the entry; hands back what stood. Throws `service_unavailable` where Redis does not confirm. */
  takeDown(userId: UserId, leaseId: string): Promise<StoredEntry | null>
  /** Puts one up over this lease's own mark, over nothing else. What Redis does not take within 100 ms is not up. */
  putUp(userId: UserId, leaseId: string, entry: StoredEntry): Promise<void>
  forget(userId: UserId): Promise<void>
}

interface Options {
  readonly sealer: EntrySealer
  readonly prefix?: string
}

/** A run that waits holds a lease of 15 s. Redis takes 1 ms; the job that this is part of came from it a moment ago. */
const DOWN_WAIT_MS = 1_000
const UP_WAIT_MS = 100

/**
 * Polls put it up again each time, so it lasts for whoever is polled; for anybody else the store is asked. Also a bound on
 * what could be wrong in ways that nobody has thought of.
 */
const KEEP_MS = 3_600_000

/** Redis' own clock, so that readers can tell what was written before Redis has started. */
const PUT_UP = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
redis.call('SET', KEYS[1], 's' .. at .. '\\n' .. ARGV[2], 'PX', ARGV[3])
return 1`

export function createLatestEntries(redis: Redis, { sealer, prefix }: Options): LatestEntries {
  const keyOf = (userId: UserId) => latestKey(userId, prefix)
  return {
    async takeDown(userId, leaseId) {
      let stood: Buffer | null = null
      const asked = redis.setBuffer(keyOf(userId), downMark(leaseId), 'PX', KEEP_MS, 'GET').then((value) => {
        stood = value
      })
      // Refused or silent: another entry may still be up.
      const isDown = await withinMs(asked, DOWN_WAIT_MS).catch((err: unknown) => {
        throw unavailable(err)
      })
      if (!isDown) throw unavailable(new Error(`no answer within ${DOWN_WAIT_MS} ms`))
      const up = parseUp(stood)
      const opened = up && openEntry(sealer, userId, up)
      if (!opened) return null
      const { head: _, readingJson, ...entry } = opened
      return { ...entry, reading: JSON.parse(readingJson) }
    },
    async putUp(userId, leaseId, entry) {
      if (redis.status !== 'ready') return
      const sealed = sealEntry(sealer, userId, entry)
      await withinMs(redis.eval(PUT_UP, 1, keyOf(userId), downMark(leaseId), sealed, KEEP_MS), UP_WAIT_MS)
    },
    async forget(userId) {
      if (redis.status === 'ready') await withinMs(redis.del(keyOf(userId)), UP_WAIT_MS)
    },
  }
}
