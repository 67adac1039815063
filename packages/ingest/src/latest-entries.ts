import type { Instant, PublicReading, UserId } from '@bg-ingest/domain'
import type { Connection } from './connection.ts'

/** What of a connection decides how fresh a reading is said to be. */
export type ShownConnection = Pick<
  Connection,
  'status' | 'region' | 'connectedAt' | 'pollIntervalSeconds' | 'paused' | 'parkedAt'
>

/** What is shown of a person where somebody asks for the newest reading, and how far their data stands. */
export interface LatestEntry {
  /** Id of the lease under which it was true: it is true still where nobody has held the person since. */
  readonly run: string
  readonly committedSequence: number
  readonly completeThrough: Instant | null
  readonly connection: ShownConnection | null
  /** The newest sensor reading, in mg/dL. */
  readonly reading: PublicReading | null
}

/**
 * Entries that the API answers from, kept where reading costs less than in the store. Only the run that has taken an entry
 * down may put one up again, and only while nobody else has taken it down meanwhile: so none is older than the store.
 */
export interface LatestEntries {
  /**
   * From here on nobody is answered from the entry. Hands back the one that stood. Throws `service_unavailable` where it is
   * not certain that it is down.
   */
  takeDown(userId: UserId, leaseId: string): Promise<LatestEntry | null>
  /** Does nothing where `takeDown` of this lease was not the last that happened to the entry, or nobody answers. */
  putUp(userId: UserId, leaseId: string, entry: LatestEntry): Promise<void>
  forget(userId: UserId): Promise<void>
}

export const shownConnection = ({
  status,
  region,
  connectedAt,
  pollIntervalSeconds,
  paused,
  parkedAt,
}: Connection): ShownConnection => ({ status, region, connectedAt, pollIntervalSeconds, paused, parkedAt })
