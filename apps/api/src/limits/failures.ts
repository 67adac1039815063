import { AppError } from '@bg-ingest/domain'
import { hashToken } from '@bg-ingest/security'
import { ipKeyGenerator } from 'express-rate-limit'
import type { CountingRedis, SharedCount } from './count-script.ts'
import { type CountOptions, createSharedCounts } from './shared-counts.ts'

/** Counts refused logins of one address, over all replicas. */
export interface Failures {
  /** Puts one on record; throws `rate_limited` once there have been too many. */
  count(address: string | undefined): Promise<void>
  /** Throws `rate_limited` where there have been too many already. */
  refuseBlocked(address: string | undefined): Promise<void>
}

export function createFailures(redis: CountingRedis, options: CountOptions): Failures {
  const counts = createSharedCounts(redis, options)
  const refuseAbove = (most: number, { total, leftMs }: SharedCount) => {
    if (total <= most) return
    const retryAfterMs = Math.max(1_000, leftMs)
    throw new AppError('rate_limited', 'Too many refused logins from this address', { retryAfterMs })
  }
  return {
    count: async (address) => refuseAbove(options.limit, await counts.hit(keyOf(address), 'open')),
    refuseBlocked: async (address) => refuseAbove(options.limit - 1, await counts.look(keyOf(address))),
  }
}

const keyOf = (address: string | undefined): string => hashToken(addressKey(address))

/** An IPv4 address, or the /56 of an IPv6 one: what one customer of a provider has (RFC 6177). */
export const addressKey = (address: string | undefined): string => ipKeyGenerator(address ?? 'unknown')
