import type { UserId } from '@bg-ingest/domain'
import type { Redis } from 'ioredis'
import { joinedGets } from './joined-gets.ts'
import { type EntrySealer, latestKey, type OpenedEntry, openEntry, parseUp, type UpEntry } from './latest-codec.ts'
import { restoredAtMs } from './redis-restored.ts'

/** The API's side of the entries that the newest reading is answered from. Never throws. */
export interface LatestReader {
  /** Null where no entry is up, it may be out of date, or Redis is away or slow: then the store has to be asked. */
  read(userId: UserId): Promise<OpenedEntry | null>
}

interface Options {
  readonly sealer: Pick<EntrySealer, 'open'>
  readonly monotonic: () => number
  readonly prefix?: string
}

/** Redis takes 1 ms, DynamoDB 5 to 10: who has waited for longer has lost more than an entry can win. */
const WAIT_MS = 50
/** After a failure Redis is asked again so often, and until it answers nobody waits for that: the first wave has. */
const PAUSE_MS = 1_000
/** Opened entries, by the text they were opened from: decrypting and parsing take as long as asking Redis. About 10 MB. */
const MOST_OPENED = 5_000

export function createLatestReader(redis: Redis, { sealer, monotonic, prefix }: Options): LatestReader {
  let pausedUntil = Number.NEGATIVE_INFINITY
  let failing = false
  let trustedFromMs = Number.POSITIVE_INFINITY
  let learnAgainAt = Number.NEGATIVE_INFINITY
  // Redis may come back with what it held a second ago, when another entry was up: what it had then counts no more.
  const learn = () => {
    trustedFromMs = Number.POSITIVE_INFINITY
    learnAgainAt = monotonic() + PAUSE_MS
    restoredAtMs(redis).then(
      (ms) => {
        trustedFromMs = ms
      },
      () => undefined, // NOTE: nothing is trusted until it is known; the next read behind the pause asks again
    )
  }
  redis.on('ready', learn)
  // Counted from when it is sent: a turn that took long before that says nothing of Redis.
  const get = joinedGets((keys) => soon(redis.mgetBuffer(keys), WAIT_MS))
  const opened = new Map<string, { readonly sealed: Buffer; readonly entry: OpenedEntry }>()

  const open = (key: string, userId: UserId, up: UpEntry): OpenedEntry | null => {
    const known = opened.get(key)
    if (known?.sealed.equals(up.sealed)) return known.entry
    opened.delete(key)
    const entry = openEntry(sealer as EntrySealer, userId, up)
    const [oldest] = opened.size >= MOST_OPENED ? opened.keys() : []
    if (oldest !== undefined) opened.delete(oldest)
    if (entry) opened.set(key, { sealed: Buffer.from(up.sealed), entry })
    return entry
  }

  /** Finds out, on behalf of nobody, whether Redis answers again. */
  const probe = (key: string) => {
    pausedUntil = monotonic() + PAUSE_MS
    soon(redis.exists(key), WAIT_MS).then(
      () => {
        pausedUntil = Number.NEGATIVE_INFINITY
        failing = false
      },
      () => undefined, // NOTE: it does not; the next read behind the pause looks again
    )
  }

  return {
    async read(userId) {
      if (redis.status !== 'ready' || monotonic() < pausedUntil) return null
      if (trustedFromMs === Number.POSITIVE_INFINITY && monotonic() >= learnAgainAt) learn()
      const key = latestKey(userId, prefix)
      if (failing) {
        probe(key)
        return null
      }
      try {
        const up = parseUp(await get(key))
        if (up && up.atMs > trustedFromMs) return open(key, userId, up)
        opened.delete(key)
        return null
      } catch {
        // NOTE: the connection reports its own loss; here it only matters that the store is asked.
        pausedUntil = monotonic() + PAUSE_MS
        failing = true
        return null
      }
    },
  }
}

/**
 * What the call answers in time; throws where it does not. Where the event loop was late, the answer may lie in the socket
 * while the timer goes off: it is given one more look before it counts as late.
 */
function soon<T>(call: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => setImmediate(() => reject(new Error('too late')))
    const timer = setTimeout(late, ms)
    call.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
