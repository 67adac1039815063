import { AppError } from '@bg-ingest/domain'
import { sharedReads } from '../shared-reads.ts'
import { type CountingRedis, countOnRedis, type SharedCount } from './count-script.ts'

/** Counts hits in windows, over all replicas together. */
export interface SharedCounts {
  /**
   * Counts one. `open`: answers at once as far as the slack reaches, and goes on without Redis, counting here alone.
   * `closed`: answers once Redis has counted it, else throws `service_unavailable`.
   */
  hit(key: string, withoutRedis: 'open' | 'closed'): Promise<SharedCount>
  /** Looks, and counts nothing. */
  look(key: string): Promise<SharedCount>
  /** Takes one back. */
  takeBack(key: string): void
  forget(key: string): Promise<void>
}

export interface CountOptions {
  /** First part of every key in Redis. */
  readonly prefix: string
  readonly limit: number
  readonly windowMs: number
  readonly monotonic: () => number
}

/**
 * A hundredth of a limit may be counted here without asking. What the others have counted is then not known, so all
 * replicas together let through at most limit x (1 + replicas / 100), and one hit each; limits below 100 are exact.
 */
const SLACK = 0.01
/** Hits of so long go to Redis together, those of all callers in one round trip. */
const BATCH_MS = 100
/** A read may wait this long for its count: Redis takes 1 ms, and a frozen one must not cost readers more than this. */
const WAIT_MS = 100
/** After a failure Redis is asked again so often, and until it answers nobody waits for that: the first wave has. */
const PAUSE_MS = 1_000
const RETRY_AFTER_MS = 1_000

interface Counter {
  /** What Redis has said last, and what was sent to it since. */
  shared: number
  /** Counted here, and not sent. */
  unsent: number
  /** By the monotonic clock. */
  endsAtMs: number
}

export function createSharedCounts(redis: CountingRedis, options: CountOptions): SharedCounts {
  const { prefix, limit, windowMs, monotonic } = options
  const slack = Math.floor(limit * SLACK)
  const counters = new Map<string, Counter>()
  const due = new Set<string>()
  let batch: NodeJS.Timeout | null = null
  let pausedUntil = Number.NEGATIVE_INFINITY
  let failing = false
  let sweepAtMs = monotonic() + windowMs

  const counterOf = (key: string): Counter => {
    const nowMs = monotonic()
    if (nowMs >= sweepAtMs) {
      sweepAtMs = nowMs + windowMs
      for (const [name, { endsAtMs }] of counters) if (endsAtMs <= nowMs) counters.delete(name)
    }
    const known = counters.get(key)
    if (known && known.endsAtMs > nowMs) return known
    const fresh = { shared: 0, unsent: 0, endsAtMs: nowMs + windowMs }
    counters.set(key, fresh)
    return fresh
  }
  const countOf = ({ shared, unsent, endsAtMs }: Counter): SharedCount => ({
    total: shared + unsent,
    leftMs: Math.max(0, endsAtMs - monotonic()),
  })

  /** What Redis does not confirm may have been counted all the same: nobody is charged twice for it. */
  const takeDue = (): Map<string, { readonly counter: Counter; readonly hits: number }> => {
    const taken = [...due].map((key) => {
      const counter = counterOf(key)
      const hits = counter.unsent
      counter.shared += hits
      counter.unsent = 0
      return [key, { counter, hits }] as const
    })
    due.clear()
    return new Map(taken)
  }
  const send = async (): Promise<void> => {
    if (batch) clearTimeout(batch)
    batch = null
    if (!redis.ready()) throw new Error('redis is not connected')
    const taken = takeDue()
    const hits = new Map([...taken].map(([key, one]) => [`${prefix}${key}`, one.hits]))
    const counts = await countOnRedis(redis, windowMs, hits)
    for (const [key, { counter }] of taken) adopt(counter, counts.get(`${prefix}${key}`), monotonic())
  }
  /** Everybody who asks while one batch is under way is in the next. */
  const sync = sharedReads(send, () => '')

  const syncSoon = () => {
    batch ??= setTimeout(() => {
      batch = null
      if (monotonic() >= pausedUntil) sync().catch(pause)
    }, BATCH_MS).unref()
  }
  const pause = () => {
    // NOTE: the connection reports its own loss; here it only matters that this is counted somewhere.
    pausedUntil = monotonic() + PAUSE_MS
    failing = true
  }
  const recovered = () => {
    pausedUntil = Number.NEGATIVE_INFINITY
    failing = false
  }
  const syncNow = async () => {
    if (monotonic() < pausedUntil) return
    if (failing) pausedUntil = monotonic() + PAUSE_MS
    const asked = within(WAIT_MS, sync()).then(recovered, pause)
    if (!failing) await asked
  }
  const mayWait = ({ shared, unsent }: Counter) => unsent <= slack && shared + unsent <= limit

  return {
    async hit(key, withoutRedis) {
      const counter = counterOf(key)
      // Beyond the limit nothing needs to be known any more: others can only have added to it.
      if (withoutRedis === 'open' && counter.shared + counter.unsent > limit) return countOf(counter)
      counter.unsent += 1
      due.add(key)
      if (withoutRedis === 'closed') await sync().catch((err: unknown) => refuse(counter, err))
      else if (mayWait(counter)) syncSoon()
      else await syncNow()
      return countOf(counter)
    },
    async look(key) {
      const counter = counterOf(key)
      due.add(key)
      await syncNow()
      return countOf(counter)
    },
    takeBack(key) {
      counterOf(key).unsent -= 1
      due.add(key)
      syncSoon()
    },
    async forget(key) {
      counters.delete(key)
      await redis.call('DEL', `${prefix}${key}`)
    },
  }
}

/** Redis' window counts, which may have begun elsewhere. */
function adopt(counter: Counter, count: SharedCount | undefined, nowMs: number): void {
  if (!count) return
  counter.shared = count.total
  if (count.leftMs > 0) counter.endsAtMs = nowMs + count.leftMs
}

/** What is not done is not counted. */
function refuse(counter: Counter, cause: unknown): never {
  counter.unsent = Math.max(0, counter.unsent - 1)
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
