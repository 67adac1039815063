import type {
  ChangeRange,
  Deletion,
  Instant,
  Measurement,
  ReadingKey,
  ReadingType,
  RoutingKey,
  ServiceEvent,
  StoredReading,
  UserId,
  Window,
} from '@bg-ingest/domain'
import type { Connection, SealedTokens } from './connection.ts'
import type { Outbox } from './outbox.ts'
import type { ProblemCode } from './problems.ts'
import type { Erasure, SyncState } from './state.ts'
import type { TokenRules } from './token-rules.ts'
import type { Unbroken } from './unbroken.ts'

/** What the flows need from outside. Adapters match these shapes structurally and know nothing of this package. */

/** Proof of holding a person's lease. Every write carries it; a write with an older fence fails with `lease_lost`. */
export interface Lease {
  readonly id: string
  readonly fence: number
  /** Throws `lease_lost` once the lease is over; asked before every try of a write under it. */
  readonly stillHeld?: () => void
}

export interface ExpiryPage {
  /** Behind which key it begins; null for the first. */
  readonly after: string | null
  readonly limit: number
  readonly retentionDays: number
}

export interface AccountStore {
  /**
   * One conditional update; null while another run holds the lease. `revive` keeps a tombstone that is about to expire
   * for another day: a connect that begins must not lose its fence, one that fails must not keep it for ever.
   * `finishedLeaseId` names the run that ended last.
   */
  takeLease(
    userId: UserId,
    leaseId: string,
    options: { readonly ttlMs: number; readonly revive: boolean },
  ): Promise<{ fence: number; state: SyncState; finishedLeaseId?: string | null } | null>
  /** False once the lease belongs to another run. */
  renewLease(userId: UserId, lease: Lease, ttlMs: number): Promise<boolean>
  /**
   * Moves the state and releases the lease in one conditional update. Throws `lease_lost`. `erasure: null` makes a
   * tombstone an ordinary state again, which does not expire.
   */
  finish(userId: UserId, lease: Lease, patch: Partial<SyncState>): Promise<void>
  connection(userId: UserId): Promise<Connection | null>
  /** Writes the connection whether there was one or not; for connecting only. Throws `lease_lost`. */
  createConnection(connection: Connection, lease: Lease): Promise<void>
  /**
   * Replaces a connection whose tokens are still `before`: those of the connection itself, unless it changes them. Throws
   * `lease_lost` behind a newer fence or other tokens, and where an erasure has deleted it. New tokens are saved even
   * behind a newer fence, as long as the refresh token that they follow on is the stored one.
   */
  putConnection(connection: Connection, lease: Lease, before?: SealedTokens): Promise<void>
  /**
   * Tells the registry, from which schedules are restored, how this person is to be polled; null strikes them off.
   * Whoever begins to poll tells it first and writes the connection afterwards, so that it never names too few.
   */
  register(userId: UserId, connection: Connection | null, lease: Lease): Promise<void>
  /** Creates log items, each only if absent. Throws `lease_lost` where another run claimed the range. */
  appendRanges(userId: UserId, lease: Lease, ranges: readonly ChangeRange[]): Promise<void>
  /** Deletes the log and the connection; the state is left for `entomb`. */
  eraseLog(userId: UserId, stillHeld: () => void): Promise<void>
  /** How many log items there are. */
  countLog(userId: UserId): Promise<number>
  /** Replaces the state by a tombstone: fence and erasure, no health data, gone after 30 days. Ends the lease. */
  entomb(userId: UserId, lease: Lease, erasure?: Erasure): Promise<void>
  /** Sets the expiry of one page of log items, like `reexpire` of the readings. */
  reexpireLog(userId: UserId, page: ExpiryPage, stillHeld: () => void): Promise<string | null>
  /** Log items that begin above a sequence, in order, at most `limit` of them. */
  rangesAfter(userId: UserId, sequence: number, limit: number): Promise<ChangeRange[]>
}

export interface ReadingStore {
  /** Every stored reading with `fromMs <= timestamp < toMs`, by key; strongly consistent. */
  between(userId: UserId, window: Window): Promise<Map<ReadingKey, StoredReading>>
  byKeys(userId: UserId, keys: readonly ReadingKey[]): Promise<Map<ReadingKey, StoredReading>>
  /** One conditional put each, `stillHeld` asked before every few: fails with `lease_lost` where a later fence has written. */
  write(lease: Lease, readings: readonly StoredReading[], stillHeld: () => void): Promise<void>
  /** How many items there are. */
  count(userId: UserId): Promise<number>
  /** Deletes every reading of a person; answers how many. */
  eraseAll(userId: UserId, stillHeld: () => void): Promise<number>
  /** Sets the expiry of one page of readings to a retention; answers the last key of it, null behind the last page. */
  reexpire(userId: UserId, page: ExpiryPage, stillHeld: () => void): Promise<string | null>
  /** In batches, for readings that the diff found absent; `stillHeld` is asked before every batch. */
  writeAbsent(lease: Lease, readings: readonly StoredReading[], stillHeld: () => void): Promise<void>
  /**
   * Bars older runs from keys that they claimed: each either stands at its claimed sequence or never will. Throws
   * `lease_lost` where a later fence has written.
   */
  seal(userId: UserId, lease: Lease, claims: ReadonlyMap<ReadingKey, number>, stillHeld: () => void): Promise<void>
}

export interface Grant {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresInSeconds: number
}

export interface Fetched {
  readonly dexcomUserId: string
  readonly fetched: number
  readonly measurements: readonly Measurement[]
  /** Readings that Dexcom has taken back. */
  readonly deletions: readonly Deletion[]
  /** Records set aside, counted by reason; never their content. */
  readonly rejected: ReadonlyMap<string, number>
  /** Values newer than our lists, kept as `unknown` or as they came, counted by the name of their field. */
  readonly unknownValues: ReadonlyMap<string, number>
}

export interface DataSpan {
  readonly dexcomUserId: string
  /** Oldest and newest systemTime over all record types; null for an account without data. */
  readonly fromMs: number | null
  readonly toMs: number | null
}

export interface DexcomCall {
  readonly region: string
  readonly accessToken: string
  readonly priority: number
  readonly signal: AbortSignal
}

/**
 * Dexcom as the flows see it. Errors are AppErrors: `upstream_unauthorized` (401), `upstream_rejected` (other 4xx),
 * `upstream_rate_limited` (429, with retryAfterMs), `upstream_unavailable`, `upstream_invalid`.
 */
export interface Dexcom {
  fetchReadings(call: DexcomCall, type: ReadingType, window: Window): Promise<Fetched>
  /** The span of all data, or only of what was uploaded after `since`, which may be at most 30 days ago. */
  dataRange(call: DexcomCall, since?: Instant): Promise<DataSpan>
  /** Reads records that were pushed to us, in the shape of /egvs; asks nobody. */
  readPushed(dexcomUserId: string, records: readonly unknown[]): Fetched
  /** Throws `authorization_failed` when Dexcom refuses the code. Never aborted once sent. */
  exchangeCode(region: string, code: string, verifier?: string | null): Promise<Grant>
  /**
   * Never aborted once sent: the answer holds the only copy of the next refresh token. Throws `needs_reauth`
   * (invalid_grant), `upstream_misconfigured` (invalid_client), `upstream_unavailable` or `upstream_rate_limited` where
   * Dexcom surely granted nothing, and `upstream_outcome_unknown` where the answer was lost on the way.
   */
  refresh(region: string, refreshToken: string): Promise<Grant>
  /**
   * Runs `work`, in which one grant is asked for and saved, as one of at most two in this process. An aborted signal ends
   * the wait for the turn, never the work.
   */
  tokenTurn<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>
  /** The same Dexcom for the n-th attempt of a job: the calls of a retry are paid from the retry budget. */
  asAttempt?(attempt: number): Dexcom
  /** Whether what can wait had better not be asked for now. */
  crowded(region: string): boolean
}

export interface Vault {
  seal(userId: UserId, field: string, plain: string): Promise<string>
  /** Throws `token_unreadable`. */
  open(userId: UserId, field: string, sealed: string): Promise<string>
}

export interface OutgoingEvent<K extends RoutingKey = RoutingKey> {
  readonly routingKey: K
  readonly event: ServiceEvent<K>
}

export interface Publisher {
  /** Publishes in order with confirms; answers how many of them, from the first on, the broker has taken. Never throws. */
  publishInOrder(events: readonly OutgoingEvent[]): Promise<number>
  /** `off`: no broker is configured; what changes is kept until one is. */
  state(): 'connected' | 'connecting' | 'blocked' | 'off'
}

/** What the flows tell operators; the worker turns it into metrics. Counts and closed labels only. */
export interface Observer {
  readings(type: ReadingType, result: 'stored' | 'updated' | 'unchanged' | 'rejected', count: number): void
  /** Stored readings that a reconciliation did not find at Dexcom any more; they are kept. */
  vanished(type: ReadingType, count: number): void
  readingLag(seconds: number): void
  /** Values that our lists do not know yet, by the name of their field. */
  unknownValues(field: string, count: number): void
  tokenRefresh(outcome: 'refreshed' | 'rejected' | 'unavailable' | 'unknown' | 'misconfigured'): void
  /** A person's connection has a problem that it did not have before. */
  connectionProblem(code: ProblemCode): void
}

/** What the last poll found stored: keyed hashes, no glucose. May be lost at any time. */
export interface SeenDigest {
  /** Id of the lease under which it was written, and the committed sequence then. */
  readonly run: string
  readonly committed: number
  readonly hashes: Readonly<Record<ReadingType, readonly string[]>>
}

/** Digests, kept where reading costs less than in the store. None of the calls has to succeed. */
export interface SeenDigests {
  read(userId: UserId): Promise<SeenDigest | null>
  write(userId: UserId, digest: SeenDigest): Promise<void>
  forget(userId: UserId): Promise<void>
  /** Keyed, so that nobody can find a value by trying all that a sensor can show. */
  hash(text: string): string
}

export interface Clock {
  /** Epoch milliseconds, for what is stored. */
  now(): number
  /** Milliseconds that never jump, for deadlines. */
  monotonic(): number
  /** Runs something once after so many milliseconds, answers how to call it off. Left out: the process's own timers. */
  readonly later?: (ms: number, run: () => void) => () => void
}

export interface Ports {
  readonly accounts: AccountStore
  readonly readings: ReadingStore
  readonly dexcom: Dexcom
  readonly vault: Vault
  readonly publisher: Publisher
  readonly observer: Observer
  readonly clock: Clock
  /** Resolves after so many milliseconds, or at once when the process stops. */
  readonly pause: (ms: number) => Promise<void>
  /** A fresh unique id, for leases. */
  readonly newId: () => string
  /** Left out: every poll reads the whole of its window. */
  readonly digests?: SeenDigests
  /** Times of the rules on tokens; the usual ones where it is left out. */
  readonly tokenRules?: TokenRules
  /** Told of every grant that is asked for and saved, which a process must not leave half-way. */
  readonly unbroken?: Unbroken
  /** Left out: nobody counts what waits for the broker. */
  readonly outbox?: Outbox
}
