import { AppError, type ChangeRange, epochMs, type ReadingKey, readingKey, type StoredReading } from '@bg-ingest/domain'
import type { AccountStore, Connection, ReadingStore, SyncState } from '@bg-ingest/ingest'

/** Carries one call to the database: when, whether and how often it lands is the wire's affair. */
export type Wire = <T>(name: string, call: () => T, beforeTry?: () => void) => Promise<T>
export const directWire: Wire = async (_name, call, beforeTry) => {
  beforeTry?.()
  return call()
}

type Lease = Parameters<AccountStore['renewLease']>[1]
type Item = { readonly fence: number; readonly reading: StoredReading | null }

/** What both tables hold of one person. `reading: null` is a void. */
export interface Database {
  state: SyncState
  leaseId: string | null
  leaseExpiresAt: number
  fence: number
  finished: readonly [string | null, string | null]
  connection: Connection | null
  readonly log: Map<number, { readonly range: ChangeRange; readonly leaseId: string }>
  readonly readings: Map<ReadingKey, Item>
}

const lost = () => new AppError('lease_lost', 'overtaken')
const PARALLEL_PUTS = 16

export function aDatabase(): Database {
  const history = { state: 'none', from: null, to: null, through: null, readings: 0 } as const
  const reconcile = { at: null, rounds: 0, startedAt: null, from: null, through: null }
  const nothing = { newestAt: null, lastAttemptAt: null, lastSuccessAt: null, completeThrough: null }
  return {
    state: { committedSequence: 0, publishedSequence: 0, ...nothing, slowRecordsAt: null, history, reconcile },
    leaseId: null,
    leaseExpiresAt: 0,
    fence: 0,
    finished: [null, null],
    connection: null,
    log: new Map(),
    readings: new Map(),
  }
}

/** The accounts table as packages/store keeps it: the same conditions, one landing for each call to DynamoDB. */
export function memoryAccounts(db: Database, wire: Wire, now: () => number): AccountStore {
  const ours = (lease: Lease) => db.leaseId === lease.id && db.fence === lease.fence
  return {
    async takeLease(_userId, leaseId, { ttlMs }) {
      const at = now()
      return wire('take', () => {
        if (db.leaseId === null || db.leaseExpiresAt < at) {
          db.leaseId = leaseId
          db.leaseExpiresAt = at + ttlMs
          db.fence += 1
        } else if (db.leaseId !== leaseId) return null
        return { fence: db.fence, state: db.state, finishedLeaseId: db.finished[0] }
      })
    },
    async renewLease(_userId, lease, ttlMs) {
      const until = now() + ttlMs
      return wire(
        'renew',
        () => {
          if (ours(lease)) db.leaseExpiresAt = Math.max(db.leaseExpiresAt, until)
          return ours(lease)
        },
        lease.stillHeld,
      )
    },
    finish: (_userId, lease, patch) =>
      wire('finish', () => {
        if (ours(lease)) {
          db.state = { ...db.state, ...patch }
          db.leaseId = null
          db.finished = [lease.id, db.finished[0]]
        } else if (!db.finished.includes(lease.id)) throw lost()
      }),
    connection: () => wire('connection', () => db.connection),
    createConnection: (connection) =>
      wire('connect', () => {
        db.connection = connection
      }),
    putConnection: (connection) =>
      wire('connection put', () => {
        db.connection = connection
      }),
    register: () => wire('register', () => undefined),
    async appendRanges(_userId, lease, ranges) {
      for (const range of ranges)
        await wire(
          'claim',
          () => {
            const there = db.log.get(range.first)
            if (!there) db.log.set(range.first, { range, leaseId: lease.id })
            else if (there.leaseId !== lease.id) throw lost()
          },
          lease.stillHeld,
        )
    },
    rangesAfter: (_userId, sequence, limit) =>
      wire('ranges', () =>
        [...db.log.values()]
          .map(({ range }) => range)
          .filter(({ first }) => first > sequence)
          .sort((a, b) => a.first - b.first)
          .slice(0, limit),
      ),
    reexpireLog: () => wire('reexpire log', () => null),
    countLog: () => wire('count log', () => db.log.size),
    eraseLog: () => wire('erase log', () => db.log.clear()),
    entomb: () => wire('entomb', () => undefined),
  }
}

/** The readings table, likewise. */
export function memoryReadings(db: Database, wire: Wire): ReadingStore {
  const read = (holds: (key: ReadingKey, reading: StoredReading) => boolean) =>
    new Map([...db.readings].flatMap(([key, { reading }]) => (reading && holds(key, reading) ? [[key, reading]] : [])))

  const put = (reading: StoredReading, { fence }: Lease) => {
    const there = db.readings.get(readingKey(reading))
    const isLate =
      there && (there.fence > fence || (there.fence === fence && (there.reading?.sequence ?? 0) > reading.sequence))
    if (isLate) throw lost()
    db.readings.set(readingKey(reading), { fence, reading })
  }

  return {
    between: (_userId, { fromMs, toMs }) =>
      wire('between', () => read((_key, { timestamp }) => epochMs(timestamp) >= fromMs && epochMs(timestamp) < toMs)),
    byKeys: (_userId, keys) => wire('by keys', () => read((key) => keys.includes(key))),
    async write(lease, readings, stillHeld) {
      for (let start = 0; start < readings.length; start += PARALLEL_PUTS)
        await allEnded(
          readings.slice(start, start + PARALLEL_PUTS).map((one) => wire('put', () => put(one, lease), stillHeld)),
        )
    },
    async writeAbsent({ fence }, readings, stillHeld) {
      const batch = () => {
        for (const reading of readings) db.readings.set(readingKey(reading), { fence, reading })
      }
      await wire('batch', batch, stillHeld)
    },
    reexpire: () => wire('reexpire', () => null),
    count: () => wire('count', () => db.readings.size),
    eraseAll: () => wire('erase', () => db.readings.size),
    async seal(_userId, lease, claims, stillHeld) {
      let open = [...claims.keys()]
      while (open.length > 0) {
        const seen = await wire('look', () => new Map(open.map((key) => [key, db.readings.get(key)])), stillHeld)
        const changed: ReadingKey[] = []
        const missing = open.filter((key) => !isSealed(seen.get(key), lease, claims.get(key) ?? 0))
        const mark = (key: ReadingKey) => () => {
          const there = db.readings.get(key)
          const isAsSeen = there?.reading?.sequence === seen.get(key)?.reading?.sequence
          if (isAsSeen && (there?.fence ?? 0) <= lease.fence)
            db.readings.set(key, { fence: lease.fence, reading: there?.reading ?? null })
          else changed.push(key)
        }
        await allEnded(missing.map((key) => wire('seal', mark(key), stillHeld)))
        open = changed
      }
    },
  }
}

function isSealed(item: Item | undefined, { fence }: Lease, claimed: number): boolean {
  if (!item) return false
  if (item.fence > fence) throw lost()
  return item.fence === fence || (item.reading?.sequence ?? 0) >= claimed
}

async function allEnded(calls: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(calls)) if (outcome.status === 'rejected') throw outcome.reason
}
