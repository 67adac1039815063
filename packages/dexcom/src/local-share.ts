interface LocalShareOptions {
  /** Between two calls of the whole fleet. */
  readonly minTimeMs: number
  /** Milliseconds that never jump. */
  readonly now: () => number
  readonly random: () => number
}

export interface LocalShare {
  /** How many processes shared the gate when Redis was last seen. */
  seen(processes: number): void
  /** Begins a stretch without Redis. */
  begin(): void
  /** Milliseconds until this process's next call; the slot is taken with it. */
  take(): number
  readonly processes: number
}

/** A process that never saw Redis does not know the fleet; one of eight is a slow guess, not a dangerous one. */
const UNKNOWN_PROCESSES = 8

/**
 * What one process may do while it cannot see the fleet's spacing: a call each minTime x processes.
 *
 * Why the sum stays within the budget: n processes that last counted n make n / (n x minTime) = 1 / minTime calls,
 * the fleet's own rate. A process that died makes none; one that came meanwhile knows nothing and takes an eighth, so two
 * more add a quarter, which is just the room between our 80 % and what Dexcom allows. Each stretch begins at a random
 * point of the interval, or the whole fleet would make one call at the instant Redis goes.
 * It does not hold where only a part of the fleet lost Redis: the others go on at the full rate, and the part cut off
 * adds its share; up to a quarter of the fleet stays inside what Dexcom allows.
 */
export function createLocalShare({ minTimeMs, now, random }: LocalShareOptions): LocalShare {
  let processes = UNKNOWN_PROCESSES
  let nextAt = 0
  return {
    get processes() {
      return processes
    },
    seen(count) {
      processes = Math.max(1, count)
    },
    begin() {
      nextAt = Math.max(nextAt, now() + random() * minTimeMs * processes)
    },
    take() {
      const asked = now()
      const at = Math.max(asked, nextAt)
      nextAt = at + minTimeMs * processes
      return at - asked
    },
  }
}
