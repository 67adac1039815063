const RELEASE_LIMIT_MS = 2_000
const CLOSE_LIMIT_MS = 3_000

export interface ShutdownPlan {
  /** How long jobs may go on. */
  readonly drainMs: number
  /** How long they may take to be handed back. */
  readonly releaseMs: number
  /** How long connections may take to close. */
  readonly closeMs: number
}

/** Divides the grace so that all of it together fits, also into 1 s. */
export function shutdownPlan(graceMs: number): ShutdownPlan {
  const releaseMs = Math.min(RELEASE_LIMIT_MS, graceMs * 0.3)
  const closeMs = Math.min(CLOSE_LIMIT_MS, graceMs * 0.2)
  return { drainMs: graceMs - releaseMs - closeMs, releaseMs, closeMs }
}
