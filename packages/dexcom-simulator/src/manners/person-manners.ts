import type { Caller, Endpoint } from '../exchange.ts'

/** How a client has treated one person. */
export interface PersonManners {
  readonly calls: Readonly<Partial<Record<Endpoint, number>>>
  readonly maxConcurrentData: number
  readonly maxConcurrentRefreshes: number
  /** How often a refresh token was presented that had been used before. */
  readonly spentRefreshTokens: number
  /** How often the most often presented refresh token was presented: 1 where all is well. */
  readonly mostPresentations: number
  /** Calls for a person whose refresh had ended in invalid_grant and who has not consented anew. */
  readonly callsAfterInvalidGrant: number
}

export interface PersonBook {
  readonly note: (endpoint: Endpoint, caller: Caller, inFlight: number) => void
  /** The person's grant was refused for good, as far as the client can know; false once it has tokens again. */
  readonly setDead: (isDead: boolean) => void
  readonly report: () => PersonManners
}

export function createPersonBook(): PersonBook {
  const calls = new Map<Endpoint, number>()
  const presentations = new Map<string, number>()
  let maxConcurrentData = 0
  let maxConcurrentRefreshes = 0
  let spentRefreshTokens = 0
  let callsAfterInvalidGrant = 0
  let isDead = false

  return {
    note: (endpoint, { kind, spentRefreshToken, refreshTokenPrint }, inFlight) => {
      calls.set(endpoint, (calls.get(endpoint) ?? 0) + 1)
      if (kind === 'data') maxConcurrentData = Math.max(maxConcurrentData, inFlight)
      if (kind === 'refresh') maxConcurrentRefreshes = Math.max(maxConcurrentRefreshes, inFlight)
      if (spentRefreshToken) spentRefreshTokens += 1
      if (isDead && kind !== 'other') callsAfterInvalidGrant += 1
      if (refreshTokenPrint !== undefined) {
        presentations.set(refreshTokenPrint, (presentations.get(refreshTokenPrint) ?? 0) + 1)
      }
    },
    setDead: (next) => {
      isDead = next
    },
    report: () => ({
      calls: Object.fromEntries(calls),
      maxConcurrentData,
      maxConcurrentRefreshes,
      spentRefreshTokens,
      mostPresentations: Math.max(0, ...presentations.values()),
      callsAfterInvalidGrant,
    }),
  }
}
