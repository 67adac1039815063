const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** How long things last that concern tokens, in milliseconds. */
export interface TokenRules {
  /** A use of the refresh token of which nobody has noted the end may still be on its way, or in the hands of a worker that cannot write. */
  readonly inFlightMs: number
  /** After an answer was lost, the same refresh token is presented once more, not sooner. */
  readonly answerLostMs: number
  /** How long a fresh grant is tried to be saved: it exists nowhere else. */
  readonly persistMs: number
  readonly persistPauseMs: number
  /** Pauses after each 401 on a fresh token; behind the last of them the person has to connect again. */
  readonly refusedMs: readonly number[]
}

const PERSIST_MS = MINUTE_MS
/** The client's own bound on a token call. */
const ANSWER_MS = 45 * SECOND_MS
/** Clocks of workers may differ by this much (promises.md I26). */
const SKEW_MS = 5 * SECOND_MS

/**
 * Dexcom refusing a token that it has just granted is Dexcom's trouble, since a revoked person fails at the refresh. Four
 * tries over 17 hours outlast a night's maintenance. Tidepool's 2, 4, 8 and 16 hours leave a person a day without readings
 * for an outage of minutes; and each of our tries costs one call and one refresh, so the first can come with the next poll.
 */
const REFUSED_MS = [15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS]

export const TOKEN_RULES: TokenRules = {
  inFlightMs: ANSWER_MS + PERSIST_MS + SKEW_MS,
  answerLostMs: 30 * SECOND_MS,
  persistMs: PERSIST_MS,
  persistPauseMs: 500,
  refusedMs: REFUSED_MS,
}
