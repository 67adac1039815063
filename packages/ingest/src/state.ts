import type { Instant } from '@bg-ingest/domain'

export interface History {
  readonly state: 'none' | 'running' | 'complete' | 'failed'
  /** Oldest and newest instant to import, from Dexcom's dataRange; null while not known or when there is no data. */
  readonly from: Instant | null
  readonly to: Instant | null
  /** Everything from here to `to` is stored. */
  readonly through: Instant | null
  readonly readings: number
}

/** Where the daily look back at what is stored already stands. */
export interface Reconcile {
  /** When the last round began that has ended; what was uploaded since then is what the next one looks for. */
  readonly at: Instant | null
  readonly rounds: number
  /** Of a round under way: when it began, where it ends, and from where on everything has been compared. */
  readonly startedAt: Instant | null
  readonly from: Instant | null
  readonly through: Instant | null
}

/** Deleting everything of a person: begun before anything is deleted, and kept on the tombstone with its receipt. */
export interface Erasure {
  /** Made once for each erasure, so that what is told of it is told once however often it is run. */
  readonly id: string
  readonly at: Instant
  /** What there was to delete. */
  readonly readings: number
  readonly logItems: number
  /** Whether the broker has taken the news. */
  readonly told: boolean
  /** Whether everything was deleted, so that only the tombstone is left. */
  readonly entombed: boolean
  /** Signed by whoever ran it; null until then. */
  readonly receipt: Readonly<Record<string, unknown>> | null
}

/** How far the expiry of what is stored has been set to the retention that is configured. */
export interface Retention {
  /** Days that everything stored carries; null before the first round has ended. 0 keeps for ever. */
  readonly days: number | null
  /** Of a round under way: the days to be set, and the last key that carries them; null before the first key. */
  readonly goal: number | null
  readonly table: 'readings' | 'log'
  readonly through: string | null
}

/** A person's `state` item: where their data stands. */
export interface SyncState {
  readonly committedSequence: number
  readonly publishedSequence: number
  readonly newestAt: Instant | null
  readonly lastAttemptAt: Instant | null
  readonly lastSuccessAt: Instant | null
  readonly completeThrough: Instant | null
  /** When calibrations and events were asked last; they are asked less often than egvs. */
  readonly slowRecordsAt: Instant | null
  readonly history: History
  readonly reconcile: Reconcile
  /** Null for whoever was never erased, or has connected again since. */
  readonly erasure?: Erasure | null | undefined
  readonly retention?: Retention | undefined
}
