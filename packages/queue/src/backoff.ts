const SECOND_MS = 1_000
const FIRST_MS = SECOND_MS
const LONGEST_MS = 5 * 60 * SECOND_MS

/**
 * Milliseconds before the next try after `attempts` failed ones: full jitter over 1 s, 2 s, 4 s … 5 min, and never
 * below 1 s. `random` gives 0 <= x < 1.
 */
export function retryDelayMs(attempts: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, attempts))
  return Math.round(FIRST_MS + random() * (ceiling - FIRST_MS))
}

const LEASE_FIRST_MS = 200
const LEASE_LATER_MS = SECOND_MS
const LEASE_FIRST_STARTS = 15

/**
 * Milliseconds before a job whose user is held by another run looks again. A holder yields within 2 s, so 15 looks at
 * 200 ms meet almost every one; who waits longer, waits for a lease to expire (15 s), and looks once a second.
 */
export function leaseDelayMs(starts: number, random: () => number): number {
  const base = starts <= LEASE_FIRST_STARTS ? LEASE_FIRST_MS : LEASE_LATER_MS
  return Math.round(base * (1 + random() / 4))
}

/** A pause that Dexcom or the circuit breaker asked for, stretched by up to a tenth: all wait for the same instant. */
export const pauseMs = (retryAfterMs: number, random: () => number): number =>
  Math.round(Math.max(0, retryAfterMs) * (1 + random() / 10))
