export interface TestClock {
  now(): number
  monotonic(): number
  advance(ms: number): void
}

/** A clock that stands still until it is moved; both of its hands move together. */
export function aClock(startMs = Date.parse('2026-11-20T12:00:00Z')): TestClock {
  let passed = 0
  return {
    now: () => startMs + passed,
    monotonic: () => passed,
    advance(ms) {
      passed += ms
    },
  }
}
