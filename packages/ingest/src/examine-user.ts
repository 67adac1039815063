import { AppError, type ChangeRange, DAY_MS, type Instant, toInstant, type UserId } from '@bg-ingest/domain'
import { isRetentionDue } from './apply-retention.ts'
import type { Connection } from './connection.ts'
import { examineSequences, type NumberedKey } from './examine-sequences.ts'
import { type Finding, type FindingKind, found } from './findings.ts'
import type { Ports } from './ports.ts'
import type { SyncState } from './state.ts'

/** State and connection of one moment, read without the lease. */
export interface Snapshot {
  readonly connection: Connection | null
  readonly state: SyncState
  readonly fence: number
  /** Epoch milliseconds; null where nobody holds the lease. */
  readonly leaseExpiresAt: number | null
}

/** What an examination reads; it writes nothing. */
export interface Inspector {
  snapshot(userId: UserId): Promise<Snapshot>
  /** The log in order; given an instant, only what was claimed from then on. */
  log(userId: UserId, since: Instant | null): Promise<readonly ChangeRange[]>
  /** Numbers of what is stored and has not expired, voids left out; given an instant, only of readings from then on. */
  numbers(userId: UserId, since: Instant | null): Promise<readonly NumberedKey[]>
}

export interface ExamineOptions {
  /** How many days back log and readings are looked at; null for all of them. */
  readonly days: number | null
  readonly retentionDays: number
  /** Whether a broker is configured that could have taken what waits. */
  readonly publishing: boolean
}

export interface Examined {
  readonly findings: readonly Finding[]
  readonly connection: Connection | null
  readonly state: SyncState
  /** Somebody wrote at every look, so nothing could be said about numbers and outbox. */
  readonly busy: boolean
}

type ExaminePorts = Pick<Ports, 'vault' | 'clock' | 'pause' | 'readings' | 'accounts'> & {
  readonly inspector: Inspector
}

const LOOKS = 5
const LOOK_AGAIN_MS = 1_000
/** Leases last 15 s: one that ended so long ago, or is to last so much longer, belongs to nobody who is well. */
const STUCK_MS = 5 * 60_000

/** Looks at everything that the tables hold of a person and says what does not fit together. Takes no lease. */
export async function examineUser(ports: ExaminePorts, options: ExamineOptions, userId: UserId): Promise<Examined> {
  for (let look = 1; ; look += 1) {
    const before = await ports.inspector.snapshot(userId)
    const counts = await countsOf(ports, options, userId, before)
    const after = await ports.inspector.snapshot(userId)
    const still = after.fence === before.fence && !isHeld(before, ports.clock.now())
    if (!still && look < LOOKS) {
      await ports.pause(LOOK_AGAIN_MS)
      continue
    }
    const { connection, state } = after
    const lasting = {
      ...(await tokensOf(ports, after)),
      ...leaseOf(after, ports.clock.now()),
      ...setting(options, after),
    }
    return { findings: found(still ? { ...counts, ...lasting } : lasting), connection, state, busy: !still }
  }
}

type Counts = Partial<Record<FindingKind, number>>

const isStuck = ({ leaseExpiresAt }: Snapshot, nowMs: number): boolean =>
  leaseExpiresAt !== null && Math.abs(leaseExpiresAt - nowMs) > STUCK_MS

/** A lease that has ended without being given back is nobody's. */
const isHeld = (snapshot: Snapshot, nowMs: number): boolean =>
  snapshot.leaseExpiresAt !== null && snapshot.leaseExpiresAt >= nowMs && !isStuck(snapshot, nowMs)

async function countsOf(ports: ExaminePorts, options: ExamineOptions, userId: UserId, snapshot: Snapshot) {
  const { connection, state } = snapshot
  if (state.erasure?.entombed && !connection) return erasedCounts(ports, options, userId, snapshot)
  const nowMs = ports.clock.now()
  const since = options.days === null ? null : toInstant(nowMs - options.days * DAY_MS)
  const { committedSequence: committed, publishedSequence: published } = state
  const [ranges, stored] = await Promise.all([
    ports.inspector.log(userId, since),
    ports.inspector.numbers(userId, since),
  ])
  const claimed = Math.max(committed, ranges.at(-1)?.last ?? 0)
  const waiting = claimed - published + (connection?.notices.length ?? 0)
  return {
    ...examineSequences({ committed, ranges, stored, since, retentionDays: options.retentionDays, nowMs }),
    unpublished: options.publishing ? waiting : 0,
  }
}

/** Of whoever was erased nothing is left but the tombstone. */
async function erasedCounts(
  { readings, accounts }: ExaminePorts,
  { publishing }: ExamineOptions,
  userId: UserId,
  { state }: Snapshot,
): Promise<Counts> {
  const left = (await readings.count(userId)) + (await accounts.countLog(userId))
  return { erased_data: left, erasure_untold: publishing && !state.erasure?.told ? 1 : 0 }
}

const leaseOf = (snapshot: Snapshot, nowMs: number): Counts => ({ lease_stuck: isStuck(snapshot, nowMs) ? 1 : 0 })

/** Before the first round nobody knows what is set; that is no finding, but is seen to. */
const setting = ({ retentionDays }: ExamineOptions, { connection, state }: Snapshot): Counts => ({
  retention_differs: connection && state.retention?.days != null && isRetentionDue(state, retentionDays) ? 1 : 0,
})

async function tokensOf({ vault }: ExaminePorts, { connection }: Snapshot): Promise<Counts> {
  if (!connection?.tokens) return {}
  const { userId, tokens } = connection
  try {
    await vault.open(userId, 'access_token', tokens.access)
    await vault.open(userId, 'refresh_token', tokens.refresh)
    return {}
  } catch (err) {
    if (AppError.from(err).code !== 'token_unreadable') throw err
    return { tokens_unreadable: 1 }
  }
}
