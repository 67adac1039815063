import { AppError } from '@bg-ingest/domain'
import type { Clock } from './ports.ts'

/** 15 s survive a clock skew of 5 s between workers and bound the wait after a crash (promises.md 7). */
export const LEASE_TTL_MS = 15_000
/** Calls stop this long before the lease ends, so that one on its way still lands inside: a try at DynamoDB takes 2 s at most. */
const SAFETY_MS = 3_000

export interface Deadline {
  /** Aborts at the deadline, and when the lease turns out to be another's. */
  readonly signal: AbortSignal
  /** Throws `lease_lost` from then on. */
  check(): void
  /** The lease was renewed by a call that began at this monotonic time. */
  extend(askedAt: number): void
  end(): void
  stop(): void
}

/** The lease's end by our own monotonic clock, counted from `takenAt`, before the call that took it: never later than DynamoDB's. */
export function createDeadline(clock: Clock, takenAt: number): Deadline {
  const over = new AbortController()
  let endsAt = takenAt + LEASE_TTL_MS - SAFETY_MS
  const isOver = () => over.signal.aborted || clock.monotonic() >= endsAt
  const end = () => over.abort(leaseIsOver())
  let callOff: (() => void) | null = null
  const arm = () => {
    callOff = later(clock, Math.max(1, endsAt - clock.monotonic()), () => (isOver() ? end() : arm()))
  }
  arm()
  return {
    signal: over.signal,
    check() {
      if (isOver()) throw leaseIsOver()
    },
    extend(askedAt) {
      endsAt = askedAt + LEASE_TTL_MS - SAFETY_MS
    },
    end,
    stop: () => callOff?.(),
  }
}

const leaseIsOver = () => new AppError('lease_lost', 'The lease is over')

/** Runs once after so many milliseconds, by the clock's own timers where it has any. */
export function later(clock: Clock, ms: number, run: () => void): () => void {
  if (clock.later) return clock.later(ms, run)
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}
