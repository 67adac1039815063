import { AppError } from '@bg-ingest/domain'
import {
  BrokenCircuitError,
  CircuitState as Cockatiel,
  circuitBreaker,
  DelegateBackoff,
  handleWhenResult,
} from 'cockatiel'
import { createCallSample, type Verdict } from './call-sample.ts'

export type CircuitState = 'closed' | 'half_open' | 'open'

interface BreakerOptions {
  /** Milliseconds that never jump. */
  readonly now: () => number
  readonly random: () => number
  readonly onState: (state: CircuitState) => void
}

/** A call that has ended, one way or the other. `verdict` null: it tells nothing of Dexcom (we gave it up ourselves). */
export interface Ended<T> {
  readonly verdict: Verdict | null
  readonly settle: () => T
}

export interface Breaker {
  /** Throws `upstream_unavailable` with the time to the next probe while no call may go. */
  check(): void
  /** Runs a call, which answers how it ended and never rejects. Throws as `check`. */
  run<T>(call: () => Promise<Ended<T>>): Promise<T>
}

const OPEN_MS = 30_000
/**
 * Where Dexcom was well a moment ago it may only be flapping: silence of half a minute would then miss every second time it
 * is well (promises.md F23). Doubled like the other, 2.5 + 5 + 10 + 20 s are three probes in the first half minute.
 */
const OPEN_AFTER_FLAP_MS = 2_500
const LONGEST_OPEN_MS = 300_000
/** Of the open time, either way: processes that opened together do not probe together. */
const JITTER = 0.2
const PROBES = 3
/** A probe under way decides within a call's time; until then the others look again now and then. */
const DECIDING_MS = 3_000

/**
 * A region's circuit breaker in this process: opens when Dexcom fails or crawls, and lets three probes decide, one after another. Each
 * process has its own, for what fails may be the way from this machine.
 */
export function createBreaker({ now, random, onState }: BreakerOptions): Breaker {
  const sample = createCallSample(now)
  let opensAt = 0
  let firstOpenMs = OPEN_MS
  let isProbing = false
  let stretch = 0

  const policy = circuitBreaker(
    handleWhenResult((ended) => isFailure(ended as Ended<unknown>)),
    {
      breaker: {
        state: null,
        success: () => undefined,
        // A call that began before the circuit opened may end while it probes: only probes decide then.
        failure: (state) => state === Cockatiel.HalfOpen || (policy.state === Cockatiel.Closed && sample.tooBad()),
      },
      halfOpenAfter: new DelegateBackoff<{ readonly attempt: number }>(({ attempt }) => {
        if (attempt === 1) firstOpenMs = sample.wasGoodJustNow() ? OPEN_AFTER_FLAP_MS : OPEN_MS
        const longMs = Math.min(LONGEST_OPEN_MS, firstOpenMs * 2 ** (attempt - 1))
        const ms = longMs * (1 - JITTER + 2 * JITTER * random())
        opensAt = now() + ms
        return ms
      }),
      halfOpenSampling: { calls: PROBES, threshold: 0 },
    },
  )
  policy.onStateChange((state) => {
    stretch += 1
    sample.clear()
    onState(NAMES[state])
  })

  function check(): void {
    if (policy.state === Cockatiel.Open && now() < opensAt) throw open(opensAt - now())
    // One after another: a probe that fails is then the only call that an outage costs.
    if (isProbing) throw open(DECIDING_MS)
  }

  return {
    check,
    async run(call) {
      check()
      let isProbe = false
      const counted = async () => {
        const startedIn = stretch
        isProbe = policy.state === Cockatiel.HalfOpen
        if (isProbe) isProbing = true
        const outcome = await call()
        if (outcome.verdict !== null && startedIn === stretch) sample.add(outcome.verdict)
        // cockatiel would take a probe that we gave up for a good one.
        return isProbe && outcome.verdict === null ? { ...outcome, verdict: 'bad' as const } : outcome
      }
      try {
        const ended = await policy.execute(counted)
        return ended.settle()
      } catch (err) {
        // NOTE: cockatiel goes by the wall clock, which may stand behind ours.
        throw err instanceof BrokenCircuitError ? open(DECIDING_MS) : err
      } finally {
        if (isProbe) isProbing = false
      }
    },
  }
}

const isFailure = ({ verdict }: Ended<unknown>): boolean => verdict === 'bad' || verdict === 'slow'

const NAMES: Record<Cockatiel, CircuitState> = {
  [Cockatiel.Closed]: 'closed',
  [Cockatiel.HalfOpen]: 'half_open',
  [Cockatiel.Open]: 'open',
  [Cockatiel.Isolated]: 'open',
}

const open = (ms: number) =>
  new AppError('upstream_unavailable', 'Dexcom is failing; calls wait', { retryAfterMs: Math.max(1, Math.ceil(ms)) })
