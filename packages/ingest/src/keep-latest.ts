import { AppError, type StoredReading, toPublicReading, type UserId } from '@bg-ingest/domain'
import { type LatestEntries, shownConnection } from './latest-entries.ts'
import type { AccountStore, Lease, ReadingStore } from './ports.ts'
import { type SeenByRun, seenByRun, type Written } from './seen-by-run.ts'
import type { SyncState } from './state.ts'

interface Stores {
  readonly accounts: AccountStore
  readonly readings: ReadingStore
}

interface Needs {
  readonly entries: LatestEntries
  /** The newest sensor reading as the API would find it in the store. */
  readonly newest: (userId: UserId) => Promise<StoredReading | null>
}

/**
 * The same stores, which keep the entry of each person whose lease is taken: down before anything can be written under
 * it, up again behind the update that ends it, with what the run has written. So every flow is covered, and none has
 * to think of it. A run whose entry is not down for certain does not begin: `service_unavailable`.
 */
export function keepLatest(stores: Stores, { entries, newest }: Needs): Stores {
  const { accounts, readings } = stores
  const runs = new Map<UserId, SeenByRun>()
  const runOf = (userId: UserId, { id }: Lease) => {
    const seen = runs.get(userId)
    return seen?.leaseId === id ? seen : undefined
  }
  /** Runs a write of a lease, and keeps in mind what it makes of what is known. */
  const writing = <T>(userId: UserId | undefined, lease: Lease, write: () => Promise<T>, then: Written) => {
    const seen = userId && runOf(userId, lease)
    return seen ? seen.writing(write, then) : write()
  }
  const ending = (userId: UserId, lease: Lease) => {
    const seen = runOf(userId, lease)
    if (seen) runs.delete(userId)
    return seen
  }

  async function putUp(userId: UserId, seen: SeenByRun, patch: Partial<SyncState>): Promise<void> {
    if (seen.inDoubt) return
    const { committedSequence, completeThrough } = { ...seen.state, ...patch }
    let { reading, connection } = seen
    if (reading === undefined) {
      const stored = await newest(userId)
      reading = stored && toPublicReading(stored)
    }
    if (connection === undefined) {
      const stored = await accounts.connection(userId)
      connection = stored && shownConnection(stored)
    }
    // Nothing is known of this person, or nothing any more.
    if (!reading && !connection) return entries.forget(userId)
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
        runs.set(userId, seenByRun(leaseId, taken, stood))
        return taken
      },
      async finish(userId, lease, patch) {
        const seen = ending(userId, lease)
        await accounts.finish(userId, lease, patch)
        // Without an entry the store is asked: no reason for work that is done to fail.
        if (seen) await putUp(userId, seen, patch).catch(() => undefined)
      },
      async entomb(userId, lease, erasure) {
        ending(userId, lease)
        await accounts.entomb(userId, lease, erasure)
        await entries.forget(userId).catch(() => undefined)
      },
      async connection(userId) {
        const connection = await accounts.connection(userId)
        runs.get(userId)?.read(connection)
        return connection
      },
      createConnection: (connection, lease) =>
        writing(connection.userId, lease, () => accounts.createConnection(connection, lease), { connection }),
      putConnection: (connection, lease, before) =>
        writing(connection.userId, lease, () => accounts.putConnection(connection, lease, before), { connection }),
    },
    readings: {
      ...readings,
      write: (lease, written, stillHeld) =>
        writing(written[0]?.userId, lease, () => readings.write(lease, written, stillHeld), { readings: written }),
      writeAbsent: (lease, written, stillHeld) =>
        writing(written[0]?.userId, lease, () => readings.writeAbsent(lease, written, stillHeld), {
          readings: written,
        }),
      // What a crashed run has left, only a query finds.
      seal: (userId, lease, claims, stillHeld) =>
        writing(userId, lease, () => readings.seal(userId, lease, claims, stillHeld), { unknown: true }),
      async eraseAll(userId, stillHeld) {
        const seen = runs.get(userId)
        const work = () => readings.eraseAll(userId, stillHeld)
        return seen ? seen.writing(work, { unknown: true }) : work()
      },
      async reexpire(userId, page, stillHeld) {
        const seen = runs.get(userId)
        const work = () => readings.reexpire(userId, page, stillHeld)
        return seen ? seen.writing(work, { unknown: true }) : work()
      },
    },
  }
}
