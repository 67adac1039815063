import { AppError } from '@bg-ingest/domain'
import { type CircuitState, createBreaker, type Ended } from './breaker.ts'
import type { Verdict } from './call-sample.ts'
import type { Gate } from './limiter.ts'
import { createRetryBudget } from './retry-budget.ts'
import { type Answer, type FailureKind, TransportFailure } from './transport.ts'

interface LineOptions {
  readonly gate: Pick<Gate, 'schedule' | 'pause'>
  readonly onState: (state: CircuitState) => void
}

interface Sending<T> {
  readonly priority: number
  readonly attempt: number
  readonly signal?: AbortSignal
  readonly read: (answer: Answer) => T
  readonly failure: (kind: FailureKind) => AppError
}

export interface Line {
  /** Throws AppError. */
  send<T>(call: Sending<T>, exchange: () => Promise<Answer>): Promise<T>
}

/** An answer that takes longer is a failure for the breaker (promises.md 7). */
const SLOW_MS = 20_000

/**
 * One region's way to Dexcom: breaker, retry budget, gate, breaker again, wire. The first look at the breaker spares a
 * slot; the second counts, because a call may have waited while the circuit opened. Regions share nothing of this: each
 * is an application, a host and a budget of its own.
 */
export function createLine({ gate, onState }: LineOptions): Line {
  const now = () => performance.now()
  const breaker = createBreaker({ now, random: Math.random, onState })
  const retries = createRetryBudget(now)

  async function ended<T>(call: Sending<T>, exchange: () => Promise<Answer>): Promise<Ended<T>> {
    const startedAt = now()
    const outcome = await outcomeOf(call, exchange)
    if (outcome.kind === 'timeout') retries.timedOut()
    const verdict = verdictOf(outcome, now() - startedAt)
    if (verdict === 'good') retries.succeeded(call.attempt)
    const { err } = outcome
    if (err?.code === 'upstream_rate_limited' && err.retryAfterMs !== undefined) gate.pause(err.retryAfterMs)
    return { verdict, settle: outcome.settle }
  }

  return {
    async send(call, exchange) {
      breaker.check()
      retries.pay(call.attempt)
      let sent = false
      try {
        return await gate.schedule(call.priority, call.signal, () =>
          breaker.run(() => {
            sent = true
            return ended(call, exchange)
          }),
        )
      } finally {
        if (!sent) retries.giveBack(call.attempt)
      }
    },
  }
}

interface Outcome<T> {
  readonly settle: () => T
  readonly err: AppError | null
  /** How the exchange ended without an answer. */
  readonly kind: FailureKind | null
}

async function outcomeOf<T>({ read, failure }: Sending<T>, exchange: () => Promise<Answer>): Promise<Outcome<T>> {
  const failed = (err: AppError, kind: FailureKind | null): Outcome<T> => ({
    settle: () => {
      throw err
    },
    err,
    kind,
  })
  try {
    const value = read(await exchange())
    return { settle: () => value, err: null, kind: null }
  } catch (err) {
    return err instanceof TransportFailure ? failed(failure(err.kind), err.kind) : failed(AppError.from(err), null)
  }
}

/** Trouble of Dexcom's. Every other refusal (400, 401, 403, 404, 429) is an answer, and as good as a page of readings. */
const TROUBLE: ReadonlySet<string> = new Set(['upstream_unavailable', 'upstream_invalid', 'upstream_outcome_unknown'])

function verdictOf({ err, kind }: Outcome<unknown>, tookMs: number): Verdict | null {
  if (kind === 'aborted') return null
  // One person's page that is too large says nothing of the others.
  if (kind !== 'too_large' && err && TROUBLE.has(err.code)) return 'bad'
  return tookMs > SLOW_MS ? 'slow' : 'good'
}
