import type { Store } from 'express-rate-limit'
import type { SharedCounts } from './shared-counts.ts'

/** Shared counts as express-rate-limit takes them. */
export function createLimitStore(
  counts: SharedCounts,
  { prefix, withoutRedis, now }: { readonly prefix: string; readonly withoutRedis: 'open' | 'closed'; now(): number },
): Store {
  const shown = ({ total, leftMs }: Awaited<ReturnType<SharedCounts['look']>>) => ({
    totalHits: total,
    resetTime: new Date(now() + leftMs),
  })
  return {
    prefix,
    increment: async (key) => shown(await counts.hit(key, withoutRedis)),
    get: async (key) => shown(await counts.look(key)),
    decrement: counts.takeBack,
    resetKey: counts.forget,
  }
}
