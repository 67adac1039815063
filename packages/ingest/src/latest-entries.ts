import { type Instant, type PublicReading, readingKey, type StoredReading, type UserId } from '@bg-ingest/domain'
import type { Connection } from './ports.ts'

/** What of a connection decides how fresh a reading is said to be. */
export type ShownConnection = Pick<
  Connection,
  'status' | 'region' | 'connectedAt' | 'pollIntervalSeconds' | 'paused' | 'parkedAt'
>

/** What is shown of a person where somebody asks for the newest reading, and how far their data stands. */
export interface LatestEntry {
  /** Id of the lease under which it was true: it is true still if nobody has held the person since. */
  readonly run: string
  readonly committedSequence: number
  readonly completeThrough: Instant | null
  readonly connection: ShownConnection | null
  /** The newest sensor reading, in mg/dL. */
  readonly reading: PublicReading | null
}

/**
 * Entries that the API answers from, kept where reading costs less than in the store. Only the run that has taken an entry
 * down may put one up again, and only while nobody else has taken it down meanwhile; so none is older than the store.
 */
export interface LatestEntries {
  /** Nobody is answered from an entry from here on; hands back the one that stood. Throws `service_unavailable` where that is not certain. */
  takeDown(userId: UserId, leaseId: string): Promise<LatestEntry | null>
  /** Does nothing where `takeDown` was not the last that happened to the entry. Never throws: without an entry the store is asked. */
  putUp(userId: UserId, leaseId: string, entry: LatestEntry): Promise<void>
  /** Never throws. */
  forget(userId: UserId): Promise<void>
}

/** Undefined: nobody knows. Null: there is none. */
export type Newest = PublicReading | null | undefined

/** The newest sensor reading behind these writes: the one with the last key, as a query of the store would find it. */
export function newestOf(
  known: Newest,
  written: readonly StoredReading[],
  shown: (reading: StoredReading) => PublicReading,
): Newest {
  let newest = known
  for (const reading of written) {
    if (newest === undefined || reading.type !== 'cgm') continue
    if (reading.deleted) newest = newest && readingKey(newest) === readingKey(reading) ? undefined : newest
    else if (newest === null || readingKey(newest) <= readingKey(reading)) newest = shown(reading)
  }
  return newest
}

export const shownConnection = ({
  status,
  region,
  connectedAt,
  pollIntervalSeconds,
  paused,
  parkedAt,
}: Connection): ShownConnection => ({ status, region, connectedAt, pollIntervalSeconds, paused, parkedAt })
