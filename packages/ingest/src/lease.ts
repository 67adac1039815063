import { AppError, type Instant, type UserId } from '@bg-ingest/domain'
import type { Lease, Ports, SyncState } from './ports.ts'
import { step } from './steps.ts'

/** 15 s survive a clock skew of 5 s between workers and bound the wait after a crash (promises.md 7). */
const LEASE_TTL_MS = 15_000
const RENEW_EVERY_MS = 5_000
/** Calls stop this long before the lease ends, so that one on its way still lands inside: a try at DynamoDB takes 3 s at most. */
const SAFETY_MS = 3_000

/** A person's lease while we hold it. */
export interface Held {
  readonly userId: UserId
  readonly lease: Lease
  /** The state as it was when the lease was taken. */
  readonly state: SyncState
  /** How far this run has come: what is written, and what the broker has confirmed. Kept also when the run fails. */
  readonly progress: { committed: number; published: number; attemptedAt?: Instant }
  /** Aborts when the lease is over or the process stops. Never handed to a token call. */
  readonly signal: AbortSignal
  /** Throws `lease_lost` once the lease may be another's; asked before every call to the outside. */
  check(): void
  /** Moves the state and ends the lease in one update. Nothing may follow. */
  finish(patch: Partial<SyncState>): Promise<void>
  /** The lease has ended together with the state it belonged to. */
  forget(): void
}

type LeasePorts = Pick<Ports, 'accounts' | 'clock' | 'newId'>

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
  const id = ports.newId()
  const deadline = createDeadline(ports.clock.monotonic)
  const taken = await ports.accounts.takeLease(userId, id, { ttlMs: LEASE_TTL_MS, revive })
  if (!taken) throw new AppError('lease_taken', 'Another run holds this person')
  step('lease-taken')

  const lease = { id, fence: taken.fence }
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
    progress,
    signal: AbortSignal.any([stop, deadline.signal]),
    check: deadline.check,
    async finish(patch) {
      await ports.accounts.finish(userId, lease, { ...patch, ...kept(progress) })
      finished = true
      step('finished')
    },
    forget() {
      finished = true
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
  }
}

const kept = ({ committed, published, attemptedAt }: Held['progress']): Partial<SyncState> => ({
  committedSequence: committed,
  publishedSequence: published,
  ...(attemptedAt ? { lastAttemptAt: attemptedAt } : {}),
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

interface Deadline {
  readonly signal: AbortSignal
  check(): void
  /** The lease was renewed by a call that began at this monotonic time. */
  extend(askedAt: number): void
  end(): void
}

/** The lease's end by our own monotonic clock, counted from before the call that took it: never later than DynamoDB's. */
function createDeadline(monotonic: () => number): Deadline {
  const over = new AbortController()
  let endsAt = monotonic() + LEASE_TTL_MS - SAFETY_MS
  return {
    signal: over.signal,
    check() {
      if (over.signal.aborted || monotonic() >= endsAt) throw new AppError('lease_lost', 'The lease is over')
    },
    extend(askedAt) {
      endsAt = askedAt + LEASE_TTL_MS - SAFETY_MS
    },
    end: () => over.abort(new AppError('lease_lost', 'The lease is over')),
  }
}

function renewRegularly(ports: LeasePorts, userId: UserId, lease: Lease, deadline: Deadline) {
  const renew = async () => {
    const askedAt = ports.clock.monotonic()
    const renewed = await ports.accounts.renewLease(userId, lease, LEASE_TTL_MS).catch(() => null)
    if (renewed === true) deadline.extend(askedAt)
    if (renewed === false) deadline.end()
    // NOTE: null is DynamoDB not answering; the deadline stays where it was and ends the run if it lasts.
    if (renewed === null) checkOver()
  }
  const checkOver = () => {
    try {
      deadline.check()
    } catch {
      deadline.end()
    }
  }
  const timer = setInterval(() => void renew(), RENEW_EVERY_MS)
  return { stop: () => clearInterval(timer) }
}
