export interface ReconnectDelay {
  /** Milliseconds to wait before the next try; `attempt` counts those in a row that came to nothing, from 1. */
  next(attempt: number): number
  /** A connection stands. */
  opened(): void
}

const FIRST_MS = 200
const LONGEST_MS = 5_000
/** Up or down, so that a fleet does not come back as one. */
const JITTER = 0.5
/** A connection that ends sooner was of no use: a broker that lets us in and then refuses each message. */
const STEADY_MS = 10_000

/** Twice as long each time, up to 5 s, with jitter; a connection that does not hold counts as one more failure. */
export function createReconnectDelay({
  random,
  now,
}: {
  readonly random: () => number
  readonly now: () => number
}): ReconnectDelay {
  let unsteady = 0
  let openedAt: number | null = null
  return {
    next(attempt) {
      if (openedAt !== null) unsteady = now() - openedAt < STEADY_MS ? unsteady + 1 : 0
      openedAt = null
      // The first loss of a connection is answered at once; the second in a row like a second failure.
      const failures = attempt + Math.max(0, unsteady - 1)
      const base = Math.min(LONGEST_MS / (1 + JITTER), FIRST_MS * 2 ** (failures - 1))
      return Math.round(base * (1 + JITTER * (2 * random() - 1)))
    },
    opened() {
      openedAt = now()
    },
  }
}
