import { AppError } from '@bg-ingest/domain'
import { ipKeyGenerator, type Options, type Store } from 'express-rate-limit'
import { type CountingRedis, createLimitStore } from './limit-store.ts'

/** Counts refused logins of one address, over all replicas. */
export interface Failures {
  /** Puts one on record; throws `rate_limited` once there have been too many. */
  count(address: string | undefined): Promise<void>
  /** Throws `rate_limited` where there have been too many already. */
  refuseBlocked(address: string | undefined): Promise<void>
}

interface FailureOptions {
  readonly prefix: string
  readonly limit: number
  readonly windowMs: number
  readonly now: () => number
  readonly monotonic: () => number
}

export function createFailures(redis: CountingRedis, options: FailureOptions): Failures {
  const { limit, now } = options
  const store: Store = createLimitStore(redis, { ...options, withoutRedis: 'open' })
  // The one field of them that stores read.
  void store.init?.({ windowMs: options.windowMs } as Options)
  const refuseAbove = (most: number, seen: Awaited<ReturnType<Store['increment']>> | undefined) => {
    // For a key that is not there, rate-limit-redis 6.0.1 on ioredis answers NaN, which is not above anything.
    if (!seen || !(seen.totalHits > most)) return
    const retryAfterMs = Math.max(1_000, (seen.resetTime?.getTime() ?? 0) - now())
    throw new AppError('rate_limited', 'Too many refused logins from this address', { retryAfterMs })
  }
  return {
    count: async (address) => refuseAbove(limit, await store.increment(addressKey(address))),
    refuseBlocked: async (address) => refuseAbove(limit - 1, await store.get?.(addressKey(address))),
  }
}

/** An IPv4 address, or the /56 of an IPv6 one: what one customer of a provider has (RFC 6177). */
export const addressKey = (address: string | undefined): string => ipKeyGenerator(address ?? 'unknown')
