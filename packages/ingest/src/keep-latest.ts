import { AppError, type StoredReading, toPublicReading, type UserId } from '@bg-ingest/domain'
import { type LatestEntries, type Newest, newestOf, type ShownConnection, shownConnection } from './latest-entries.ts'
import type { AccountStore, Lease, ReadingStore, SyncState } from './ports.ts'

interface Stores {
  readonly accounts: AccountStore
  readonly readings: ReadingStore
}

interface Needs {
  readonly entries: LatestEntries
  /** The newest sensor reading as the API would find it in the store. */
  readonly newest: (userId: UserId) => Promise<StoredReading | null>
}

/** What a run has seen of a person so far; undefined is what it does not know. */
interface Seen {
  readonly leaseId: string
  readonly state: SyncState
  connection: ShownConnection | null | undefined
  reading: Newest
}

/**
 * The same stores, which keep the entry of each person whose lease is taken: down before anything can be written under
 * it, up again behind the update that ends it, with what the run has written. So every flow is covered, and none has
 * to think of it. A run whose entry cannot be taken down for certain does not begin: `service_unavailable`.
 */
export function keepLatest({ accounts, readings }: Stores, { entries, newest }: Needs): Stores {
  const runs = new Map<UserId, Seen>()
  const seenBy = (userId: UserId, { id }: Lease) => {
    const seen = runs.get(userId)
    return seen?.leaseId === id ? seen : undefined
  }
  const note = (userId: UserId, lease: Lease, change: (seen: Seen) => void) => {
    const seen = seenBy(userId, lease)
    if (seen) change(seen)
  }
  const noteConnection = (userId: UserId, connection: ShownConnection | null) => {
    const seen = runs.get(userId)
    if (seen) seen.connection = connection
  }
  const noteWritten = (lease: Lease, written: readonly StoredReading[]) => {
    const [first] = written
    if (!first) return
    note(first.userId, lease, (seen) => {
      seen.reading = newestOf(seen.reading, written, toPublicReading)
    })
  }
  const noteUnknown = (userId: UserId, lease: Lease) =>
    note(userId, lease, (seen) => {
      seen.reading = undefined
    })

  async function putUp(userId: UserId, seen: Seen, patch: Partial<SyncState>): Promise<void> {
    const { committedSequence, completeThrough } = { ...seen.state, ...patch }
    const stored = seen.reading === undefined ? await newest(userId) : null
    const reading = seen.reading ?? (stored && toPublicReading(stored))
    const connection =
      seen.connection === undefined ? await accounts.connection(userId).then(orNone) : seen.connection
    const entry = { run: seen.leaseId, committedSequence, completeThrough, connection, reading }
    await entries.putUp(userId, seen.leaseId, entry)
  }

  return {
    accounts: {
      ...accounts,
      async takeLease(userId, leaseId, options) {
        const taken = await accounts.takeLease(userId, leaseId, options)
        if (!taken) return null
        const stood = await entries.takeDown(userId, leaseId).catch(async (err: unknown) => {
          await accounts.finish(userId, { id: leaseId, fence: taken.fence }, {})
          throw AppError.from(err)
        })
        const isTrue = stood?.run === taken.finishedLeaseId && stood?.committedSequence === taken.state.committedSequence
        const known = stood && isTrue ? stood : { connection: undefined, reading: undefined }
        runs.set(userId, { leaseId, state: taken.state, connection: known.connection, reading: known.reading })
        return taken
      },
      async finish(userId, lease, patch) {
        const seen = seenBy(userId, lease)
        if (seen) runs.delete(userId)
        await accounts.finish(userId, lease, patch)
        // Without an entry the store is asked: no reason for work that is done to fail.
        if (seen) await putUp(userId, seen, patch).catch(() => undefined)
      },
      async connection(userId) {
        const connection = await accounts.connection(userId)
        noteConnection(userId, orNone(connection))
        return connection
      },
      async createConnection(connection, lease) {
        await accounts.createConnection(connection, lease)
        noteConnection(connection.userId, shownConnection(connection))
      },
      async putConnection(connection, lease, before) {
        // Whether a write that fails has landed nobody knows.
        note(connection.userId, lease, (seen) => {
          seen.connection = undefined
        })
        await accounts.putConnection(connection, lease, before)
        note(connection.userId, lease, (seen) => {
          seen.connection = shownConnection(connection)
        })
      },
      async entomb(userId, lease, erasure) {
        if (seenBy(userId, lease)) runs.delete(userId)
        await accounts.entomb(userId, lease, erasure)
        await entries.forget(userId)
      },
    },
    readings: {
      ...readings,
      async write(lease, written, stillHeld) {
        await readings.write(lease, written, stillHeld)
        noteWritten(lease, written)
      },
      async writeAbsent(lease, written, stillHeld) {
        await readings.writeAbsent(lease, written, stillHeld)
        noteWritten(lease, written)
      },
      // What a crashed run has left is found by a query alone.
      async seal(userId, lease, claims, stillHeld) {
        noteUnknown(userId, lease)
        await readings.seal(userId, lease, claims, stillHeld)
      },
    },
  }
}

const orNone = (connection: Parameters<typeof shownConnection>[0] | null) =>
  connection && shownConnection(connection)
