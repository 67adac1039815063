import { type PublicReading, readingKey, type StoredReading, toPublicReading } from '@bg-ingest/domain'
import type { Connection } from './connection.ts'
import { type LatestEntry, type ShownConnection, shownConnection } from './latest-entries.ts'
import type { SyncState } from './state.ts'

/** What a run knows of what is stored of a person; undefined is what it does not know. */
export interface SeenByRun {
  readonly leaseId: string
  /** As it was when the lease was taken. */
  readonly state: SyncState
  readonly connection: ShownConnection | null | undefined
  readonly reading: PublicReading | null | undefined
  /** Whether something was written of which nobody knows whether it has landed, or still will. */
  readonly inDoubt: boolean
  /** A connection that was read; what this run has written counts more. */
  read(connection: Connection | null): void
  /** Runs a write; until it has succeeded, and for ever where it fails, this run is in doubt. */
  writing<T>(write: () => Promise<T>, then: Written): Promise<T>
}

/** What a write that has succeeded makes of what was known. */
export interface Written {
  readonly connection?: Connection
  readonly readings?: readonly StoredReading[]
  /** What is stored now only a query can tell. */
  readonly unknown?: boolean
}

interface Taken {
  readonly state: SyncState
  readonly finishedLeaseId?: string | null
}

/** Begins with the entry that stood, where nobody has held the person since it was true. */
export function seenByRun(leaseId: string, { state, finishedLeaseId }: Taken, stood: LatestEntry | null): SeenByRun {
  const isTrue = stood?.run === finishedLeaseId && stood?.committedSequence === state.committedSequence
  let connection = isTrue ? stood?.connection : undefined
  let reading = isTrue ? stood?.reading : undefined
  let open = 0
  return {
    leaseId,
    state,
    get connection() {
      return connection
    },
    get reading() {
      return reading
    },
    get inDoubt() {
      return open > 0
    },
    read(found) {
      if (connection === undefined) connection = found && shownConnection(found)
    },
    async writing(write, then) {
      open += 1
      const result = await write()
      open -= 1
      if (then.connection) connection = shownConnection(then.connection)
      reading = then.unknown ? undefined : newestOf(reading, then.readings ?? [])
      return result
    },
  }
}

/** The reading that a query for the newest would find behind these writes: the one with the last key. */
function newestOf(known: SeenByRun['reading'], written: readonly StoredReading[]): SeenByRun['reading'] {
  let newest = known
  for (const reading of written.filter(({ type }) => type === 'cgm')) {
    if (newest === undefined) return undefined
    const isLast = newest === null || readingKey(newest) <= readingKey(reading)
    if (isLast) newest = reading.deleted ? undefined : toPublicReading(reading)
  }
  return newest
}
