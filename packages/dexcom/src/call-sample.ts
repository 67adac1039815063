/** How one call ended, for the breaker and the retry budget. `slow` is an answer, but one that came after 20 s. */
export type Verdict = 'good' | 'slow' | 'bad'

export interface CallSample {
  add(verdict: Verdict): void
  /** Whether the calls of the last minute are reason enough to stop calling. */
  tooBad(): boolean
  /** Whether a call of the last seconds was good: what fails now comes and goes. */
  wasGoodJustNow(): boolean
  clear(): void
}

const SPAN_SECONDS = 60
/** Fewer calls than this say nothing. */
const LEAST_CALLS = 20
const BAD_SHARE = 0.5
const SLOW_SHARE = 0.8
/** An outage of which nobody got an answer for so long is more than a flap. */
const JUST_NOW_SECONDS = 15

/**
 * The calls of the last 60 s, in buckets of one second. cockatiel's own SamplingBreaker moves by one bucket per call: after
 * a quiet hour it still counts the failures of the hour before (4.0.0, read).
 */
export function createCallSample(nowMs: () => number): CallSample {
  const seconds = new Map<number, Record<Verdict, number>>()
  const present = () => Math.floor(nowMs() / 1000)
  const inSpan = () => [...seconds].filter(([second]) => second > present() - SPAN_SECONDS)
  return {
    add(verdict) {
      const second = present()
      if (!seconds.has(second)) {
        for (const old of seconds.keys()) if (old <= second - SPAN_SECONDS) seconds.delete(old)
        seconds.set(second, { good: 0, slow: 0, bad: 0 })
      }
      const counts = seconds.get(second)
      if (counts) counts[verdict] += 1
    },
    tooBad() {
      const sum = (verdict: Verdict) => inSpan().reduce((total, [, counts]) => total + counts[verdict], 0)
      const [good, slow, bad] = [sum('good'), sum('slow'), sum('bad')]
      const calls = good + slow + bad
      return calls >= LEAST_CALLS && (bad >= calls * BAD_SHARE || slow >= calls * SLOW_SHARE)
    },
    wasGoodJustNow: () => [...seconds].some(([second, { good }]) => good > 0 && second > present() - JUST_NOW_SECONDS),
    clear: () => seconds.clear(),
  }
}
