import { AppError, type Instant, type UserId } from '@bg-ingest/domain'
import { createDeadline, type Deadline, LEASE_TTL_MS, later } from './lease-deadline.ts'
import { noteOutbox } from './outbox.ts'
import type { Lease, Ports } from './ports.ts'
import type { SyncState } from './state.ts'
import { step } from './steps.ts'

const RENEW_EVERY_MS = 5_000
/** After a renewal that DynamoDB did not answer. */
const RENEW_AGAIN_MS = 1_000

/** A person's lease while we hold it. */
export interface Held {
  readonly userId: UserId
  readonly lease: Lease
  /** The state as it was when the lease was taken. */
  readonly state: SyncState
  /** The run that moved the state last. */
  readonly lastFinished: string | null
  /** How far this run has come: what is written, and what the broker has confirmed. Kept also when the run fails. */
  readonly progress: { committed: number; published: number; attemptedAt?: Instant; revived?: boolean }
  /** Aborts when the lease is over or the process stops. Never handed to a token call. */
  readonly signal: AbortSignal
  /** Throws `lease_lost` once the lease may be another's; asked before every call to the outside. */
  check(): void
  /** Moves the state and ends the lease in one update. Nothing may follow. */
  finish(patch: Partial<SyncState>): Promise<void>
  /** The lease has ended together with the state it belonged to. */
  forget(): void
}

type LeasePorts = Pick<Ports, 'accounts' | 'clock' | 'newId' | 'outbox'>

/**
 * Runs `work` as the only writer of this person. Throws `lease_taken` at once where another run holds the lease. Work
 * that ends without `finish` (an error, or nothing to move) releases the lease and keeps what was committed.
 */
export async function withLease<T>(
  ports: LeasePorts,
  userId: UserId,
  stop: AbortSignal,
  work: (held: Held) => Promise<T>,
  { revive = false }: { readonly revive?: boolean } = {},
): Promise<T> {
  step('lease-wanted')
  const id = ports.newId()
  const askedAt = ports.clock.monotonic()
  const taken = await ports.accounts.takeLease(userId, id, { ttlMs: LEASE_TTL_MS, revive })
  if (!taken) throw new AppError('lease_taken', 'Another run holds this person')
  step('lease-taken')

  const deadline = createDeadline(ports.clock, askedAt)
  const lease = { id, fence: taken.fence, stillHeld: deadline.check }
  const renewals = renewRegularly(ports, userId, lease, deadline)
  const progress: Held['progress'] = {
    committed: taken.state.committedSequence,
    published: taken.state.publishedSequence,
  }
  let finished = false
  const held: Held = {
    userId,
    lease,
    state: taken.state,
    lastFinished: taken.finishedLeaseId ?? null,
    progress,
    signal: AbortSignal.any([stop, deadline.signal]),
    check: deadline.check,
    async finish(patch) {
      step('finishing')
      await noteOutbox(ports.outbox, userId, taken.state, progress)
      await ports.accounts.finish(userId, lease, { ...patch, ...kept(progress) })
      finished = true
      step('finished')
    },
    forget() {
      finished = true
      ports.outbox?.note(userId, 0)
    },
  }
  try {
    const result = await work(held)
    if (!finished) await held.finish({})
    return result
  } catch (err) {
    // Releasing is a courtesy to the next run: if it fails too, the lease ends by itself and the first error counts.
    if (!finished) await held.finish({}).catch(() => undefined)
    throw err
  } finally {
    renewals.stop()
    deadline.stop()
  }
}

const kept = ({ committed, published, attemptedAt, revived }: Held['progress']): Partial<SyncState> => ({
  committedSequence: committed,
  publishedSequence: published,
  ...(attemptedAt ? { lastAttemptAt: attemptedAt } : {}),
  ...(revived ? { erasure: null } : {}),
})

/** How long work in many steps waits for its turn before it gives its place in the queue back. */
const PATIENCE_MS = 20_000
const ASK_AGAIN_MS = 200

/** As `withLease`, but where another run holds the lease it asks again for a while, five times a second. */
export async function withLeaseWhenFree<T>(
  ports: LeasePorts & { readonly pause: (ms: number) => Promise<void> },
  userId: UserId,
  stop: AbortSignal,
  work: (held: Held) => Promise<T>,
): Promise<T> {
  const until = ports.clock.monotonic() + PATIENCE_MS
  for (;;) {
    try {
      return await withLease(ports, userId, stop, work)
    } catch (err) {
      if (!isTaken(err) || stop.aborted || ports.clock.monotonic() >= until) throw err
      await ports.pause(ASK_AGAIN_MS)
    }
  }
}

const isTaken = (err: unknown): boolean => err instanceof AppError && err.code === 'lease_taken'

function renewRegularly({ accounts, clock }: LeasePorts, userId: UserId, lease: Lease, deadline: Deadline) {
  let callOff: (() => void) | null = null
  const renewIn = (ms: number) => {
    callOff = later(clock, ms, () => void renew())
  }
  const renew = async () => {
    const askedAt = clock.monotonic()
    const renewed = await accounts.renewLease(userId, lease, LEASE_TTL_MS).catch(() => null)
    if (renewed === true) deadline.extend(askedAt)
    if (renewed === false) deadline.end()
    // NOTE: null is DynamoDB not answering; the deadline stays where it was and ends the run if it lasts.
    if (callOff && renewed !== false) renewIn(renewed ? RENEW_EVERY_MS : RENEW_AGAIN_MS)
  }
  renewIn(RENEW_EVERY_MS)
  return {
    stop() {
      callOff?.()
      callOff = null
    },
  }
}
