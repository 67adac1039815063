import { AppError } from '@bg-ingest/domain'
import { MemoryStore, type Options, type Store } from 'express-rate-limit'
import { type RedisReply, RedisStore } from 'rate-limit-redis'

/** What counting needs of Redis. */
export interface CountingRedis {
  /** Whether a command would be sent at once. */
  readonly ready: () => boolean
  readonly call: (command: string, ...args: string[]) => Promise<RedisReply>
}

export interface LimitStoreOptions {
  /** First part of every key; two stores of one prefix count together. */
  readonly prefix: string
  /**
   * What to do while Redis cannot count. `open`: go on, counting in this process alone. `closed`: throw
   * `service_unavailable`.
   */
  readonly withoutRedis: 'open' | 'closed'
  readonly monotonic: () => number
}

/** A read may wait this long for its count: Redis takes 1 ms, and a frozen one must not cost readers more than this. */
const OPEN_TIMEOUT_MS = 100
/** After a failure, reads of this time do not ask again: one wave in a second waits, not every call. */
const PAUSE_MS = 1_000
const RETRY_AFTER_MS = 1_000

/**
 * Counts on Redis for all replicas together, and survives Redis' absence at any time. The real store is made once Redis
 * answers and made anew after a failure: made too early, it keeps a failed script load for ever and limits nothing.
 */
export function createLimitStore(redis: CountingRedis, options: LimitStoreOptions): Store {
  const { prefix, withoutRedis, monotonic } = options
  const local = new MemoryStore()
  let settings: Options | null = null
  let shared: Promise<RedisStore> | null = null
  let pausedUntil = Number.NEGATIVE_INFINITY

  const onRedis = async <T>(work: (store: RedisStore) => Promise<T>): Promise<T> => {
    if (!redis.ready()) throw new Error('redis is not connected')
    shared ??= openStore(redis, prefix, settings)
    try {
      return await work(await shared)
    } catch (err) {
      shared = null
      throw err
    }
  }
  const count = async (key: string) => {
    if (withoutRedis === 'closed') return onRedis((store) => store.increment(key)).catch(cannotCount)
    if (monotonic() < pausedUntil) return local.increment(key)
    try {
      return await within(
        OPEN_TIMEOUT_MS,
        onRedis((store) => store.increment(key)),
      )
    } catch {
      // NOTE: the connection reports its own loss; here it only matters that this call is counted somewhere.
      pausedUntil = monotonic() + PAUSE_MS
      return local.increment(key)
    }
  }
  return {
    prefix,
    init(given) {
      settings = given
      local.init(given)
    },
    increment: count,
    get: (key) =>
      within(
        OPEN_TIMEOUT_MS,
        onRedis((store) => store.get(key)),
      ).catch(() => local.get(key)),
    decrement: (key) => onRedis((store) => store.decrement(key)).catch(() => local.decrement(key)),
    resetKey: (key) => onRedis((store) => store.resetKey(key)).catch(() => local.resetKey(key)),
    shutdown: () => local.shutdown(),
  }
}

async function openStore(redis: CountingRedis, prefix: string, settings: Options | null): Promise<RedisStore> {
  if (settings === null) throw new Error('the store was not initialised')
  const store = new RedisStore({ prefix, sendCommand: (command, ...args) => redis.call(command, ...args) })
  await store.init(settings)
  return store
}

function cannotCount(cause: unknown): never {
  throw new AppError('service_unavailable', 'Calls cannot be counted right now', {
    cause,
    retryAfterMs: RETRY_AFTER_MS,
  })
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('too late')), ms)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
