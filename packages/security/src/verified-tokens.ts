import { hash } from 'node:crypto'
import type { Caller } from './token-verifier.ts'

/** Tokens whose signature was found good a moment ago, by their SHA-256: the tokens themselves are not kept. */
export interface VerifiedTokens {
  /** Who calls, where this very token is remembered and still counts. */
  recall(token: string, nowMs: number): Caller | undefined
  /** `expSeconds` as in the token. */
  remember(token: string, caller: Caller, expSeconds: number, nowMs: number): void
}

interface Entry {
  readonly caller: Caller
  /** Counts within [fromMs, untilMs): a clock that is set back must not lengthen it. */
  readonly fromMs: number
  readonly untilMs: number
}

/** A key that the identity provider withdraws is trusted for this much longer. Checking a signature costs 60 times a look-up. */
const REMEMBERED_MS = 60_000
/** About 4 MB. The token not used for longest makes room. */
const MOST = 10_000

/** Refused tokens are not remembered: whoever sends them is limited by address. */
export function createVerifiedTokens({ most = MOST } = {}): VerifiedTokens {
  const entries = new Map<string, Entry>()
  return {
    recall(token, nowMs) {
      const key = keyOf(token)
      const entry = entries.get(key)
      if (!entry) return undefined
      // Out and in again: the order of a Map is that of insertion, so the first is the one not used for longest.
      entries.delete(key)
      if (nowMs < entry.fromMs || nowMs >= entry.untilMs) return undefined
      entries.set(key, entry)
      return entry.caller
    },
    remember(token, caller, expSeconds, nowMs) {
      const untilMs = Math.min(nowMs + REMEMBERED_MS, expSeconds * 1000)
      // Within the skew behind its end a token is still good, and checked each time.
      if (untilMs <= nowMs) return
      const [oldest] = entries.size >= most ? entries.keys() : []
      if (oldest !== undefined) entries.delete(oldest)
      entries.set(keyOf(token), { caller, fromMs: nowMs, untilMs })
    },
  }
}

const keyOf = (token: string): string => hash('sha256', token, 'base64url')
