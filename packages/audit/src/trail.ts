import { type AuditKey, seal } from './chain.ts'
import type { AuditEvent } from './entry.ts'
import { createTally } from './tally.ts'

/** What goes to the store in one piece: consecutive records of one writer, and a head behind them. */
export interface AuditBatch {
  readonly writer: string
  /** Numbers of its first and last entry. */
  readonly first: number
  readonly last: number
  /** When the first was written, RFC 3339 UTC. */
  readonly at: string
  readonly entries: readonly string[]
  readonly head: string
}

export interface AuditTrailOptions {
  /** Unique for all time, such as `api-<uuid>`. */
  readonly writer: string
  readonly key: AuditKey
  /** Takes one line without its end; on the way to whoever keeps it when it returns. Does not throw. */
  readonly write: (line: string) => void
  /** Keeps a batch for good, or throws. The same batch may come twice. */
  readonly store?: (batch: AuditBatch) => Promise<void>
  /** Told when the store did not take a batch by itself; it is tried again. */
  readonly onStoreFailed?: (error: unknown) => void
  /** Epoch milliseconds. */
  readonly now: () => number
  /** How often heads are signed and the store is caught up; a minute. */
  readonly beatMs?: number
}

export interface AuditTrail {
  /** Written to the stream when it returns; in the store with the next beat, within a minute, or flush. */
  record(event: AuditEvent): void
  /** Counts it with its like, `member` being whom it concerns (a keyed hash). On the stream at the next beat, in the store within an hour. */
  tally(event: AuditEvent, member: string): void
  /** Resolves when everything recorded so far is in the store. Rejects where the store does not take it now. */
  flush(): Promise<void>
  /** What a beat does, at once. */
  beat(): Promise<void>
  /** Writes the last record and head; nothing may follow. */
  close(): Promise<void>
}

const BEAT_MS = 60_000
/**
 * What is only counted waits so long for company in the table: by itself a record costs a write unit, and a person who is
 * polled every 15 minutes without news would cost three units a poll in place of two.
 */
const COUNTS_WITHIN_MS = 3_600_000
/** 200 records of 350 bytes: 70 kB of the 400 kB that an item may have. */
const BATCH = 200

/** The trail of one process. */
export function createAuditTrail(options: AuditTrailOptions): AuditTrail {
  const { writer, key, write, store, onStoreFailed, now, beatMs = BEAT_MS } = options
  const tally = createTally()
  const pending: {
    readonly n: number
    readonly hash: string
    readonly ts: string
    readonly line: string
    readonly isCount: boolean
  }[] = []
  let last = { n: 0, hash: '' }
  let signedN = 0
  let storing: Promise<void> = Promise.resolve()

  const common = () => ({ stream: 'audit', v: 1, ts: new Date(now()).toISOString(), writer, key: key.id }) as const

  const append = (event: AuditEvent, isCount = false) => {
    const entry = { ...common(), kind: 'entry', n: last.n + 1, ...event, prev: last.hash }
    const hash = seal(key, entry, 'hash')
    const line = JSON.stringify({ ...entry, hash })
    last = { n: entry.n, hash }
    if (store) pending.push({ ...last, ts: entry.ts, line, isCount })
    write(line)
  }

  const headOf = ({ n, hash }: { readonly n: number; readonly hash: string }, stored: boolean): string => {
    const head = { ...common(), kind: 'head', n, hash, stored }
    return JSON.stringify({ ...head, sig: seal(key, head, 'sig') })
  }

  const storeAll = async () => {
    while (store && pending.length > 0) {
      const batch = pending.slice(0, BATCH)
      const [begin, end] = [batch[0], batch.at(-1)]
      if (!begin || !end) return
      await store({
        writer,
        first: begin.n,
        last: end.n,
        at: begin.ts,
        entries: batch.map(({ line }) => line),
        head: headOf(end, true),
      })
      pending.splice(0, batch.length)
    }
  }

  /** One after the other: whoever comes while a batch is on its way shares the next one with all who came meanwhile. */
  const flush = (): Promise<void> => {
    storing = storing.then(storeAll, storeAll)
    return storing
  }

  const settleTally = () => {
    for (const counted of tally.drain()) append(counted, true)
  }

  const isDue = () => {
    const oldest = pending[0]
    return (
      oldest !== undefined &&
      (pending.some(({ isCount }) => !isCount) || now() - Date.parse(oldest.ts) >= COUNTS_WITHIN_MS)
    )
  }

  /** The head comes behind the store: where it says so, it vouches for the store as well. */
  const beat = async () => {
    settleTally()
    const { ...upTo } = last
    if (isDue()) await flush()
    if (upTo.n <= signedN) return
    signedN = upTo.n
    write(headOf(upTo, store !== undefined && (pending[0]?.n ?? Number.POSITIVE_INFINITY) > upTo.n))
  }

  const beating = setInterval(() => void beat().catch((err) => onStoreFailed?.(err)), beatMs).unref()
  append({ action: 'audit.opened', actor: 'service', outcome: 'ok' }, true)

  return {
    record: append,
    tally(event, member) {
      if (tally.add(event, member)) return
      settleTally()
      tally.add(event, member)
    },
    flush,
    beat,
    async close() {
      clearInterval(beating)
      settleTally()
      append({ action: 'audit.closed', actor: 'service', outcome: 'ok' })
      await beat()
    },
  }
}
