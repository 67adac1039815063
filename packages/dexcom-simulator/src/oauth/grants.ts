import { hash } from 'node:crypto'
import { DAY_MS } from '@bg-ingest/domain'

/** Both from Dexcom's authentication page (dexcom-api.md 2.1 and 2.4). */
const CODE_MS = 60_000
const SESSION_MS = 365 * DAY_MS

export const REFRESH_REUSE = ['reject-only', 'strict-family', 'grace-window'] as const
export type RefreshReuse = (typeof REFRESH_REUSE)[number]

/** Long enough for a client that lost an answer to ask again at once. */
const GRACE_MS = 30_000

export interface GrantOptions {
  /** Milliseconds that only ever go forward. Tokens live by it, not by the virtual clock. */
  readonly monotonicMs: () => number
  readonly accessTokenSeconds: number
  /**
   * What a spent refresh token earns: a refusal; the end of its session, as Keycloak does (dexcom-api.md 2.6); or new
   * tokens all the same for `graceMs` after it was spent, then a refusal.
   */
  readonly refreshReuse: RefreshReuse
  readonly graceMs?: number
  readonly randomToken: (kind: 'code' | 'access' | 'refresh' | 'session') => string
}

export interface TokenSet {
  readonly accessToken: string
  readonly refreshToken: string
  readonly sessionId: string
}

/** One consent of one person; its tokens die with it. */
interface Session {
  readonly id: string
  readonly user: string
  /** How many consents of this person came before it. */
  readonly consent: number
  readonly endsMs: number
  generation: number
  isRevoked: boolean
  accessTokens: string[]
}

interface Code {
  readonly user: string
  readonly redirectUri: string
  readonly codeChallenge: string | null
  readonly endsMs: number
}

interface AccessToken {
  readonly session: Session
  readonly generation: number
  endsMs: number
}

interface RefreshToken {
  readonly session: Session
  readonly generation: number
  /** Null until it was used. */
  spentMs: number | null
}

export interface TokenOwner {
  readonly user: string
  /** 0 for the person's first consent to this application, 1 for the next. */
  readonly consent: number
  readonly generation: number
  /** False for an expired, revoked or spent token. */
  readonly isValid: boolean
  readonly isSpent: boolean
}

/**
 * Codes and tokens of one application. Tokens live by real elapsed time: a demo whose
 * clock runs 60 times as fast must not have to refresh every two minutes.
 */
export interface Grants {
  /** `codeChallenge`: S256 of RFC 7636; null where the login came without. */
  readonly issueCode: (user: string, redirectUri: string, codeChallenge?: string | null) => string
  /**
   * Null for an unknown, used or expired code, another redirect URI or, where it was issued to a challenge, another verifier;
   * the code is used up either way.
   */
  readonly exchangeCode: (code: string, redirectUri: string, codeVerifier?: string | null) => TokenSet | null
  /** Null for an unknown, spent or revoked token. Each works once. */
  readonly refresh: (refreshToken: string) => TokenSet | null
  readonly ownerOfCode: (code: string) => string | null
  readonly ownerOfRefresh: (refreshToken: string) => TokenOwner | null
  readonly ownerOfAccess: (accessToken: string) => TokenOwner | null
  /** Ends all sessions of a person, as "revoke" in the Dexcom account does. Returns how many there were. */
  readonly revoke: (user: string) => number
  /** Ends all sessions of everybody, or of one person, and their codes. Returns how many sessions there were. */
  readonly endEverything: (user?: string) => number
  /** Ends access tokens only. Returns how many. */
  readonly expireAccessTokens: (user?: string) => number
  /** Whether any consent of this person still stands. */
  readonly isConnected: (user: string) => boolean
}

export function createGrants(options: GrantOptions): Grants {
  const { monotonicMs, accessTokenSeconds, refreshReuse, graceMs = GRACE_MS, randomToken } = options
  const codes = new Map<string, Code>()
  const sessions = new Map<string, Session>()
  const consents = new Map<string, number>()
  const accessTokens = new Map<string, AccessToken>()
  const refreshTokens = new Map<string, RefreshToken>()
  const isAlive = (session: Session) => !session.isRevoked && session.endsMs > monotonicMs()
  const isWithinGrace = (spentMs: number) => refreshReuse === 'grace-window' && monotonicMs() - spentMs <= graceMs
  const alive = (user?: string) =>
    [...sessions.values()].filter((session) => (user === undefined || session.user === user) && isAlive(session))

  function end(ended: readonly Session[]): number {
    for (const session of ended) session.isRevoked = true
    return ended.length
  }

  function issueTokens(session: Session): TokenSet {
    // Dead access tokens are forgotten, so that a long run stays small; spent refresh tokens are kept to be recognised.
    session.accessTokens = session.accessTokens.filter((token) => {
      const lives = (accessTokens.get(token)?.endsMs ?? 0) > monotonicMs()
      if (!lives) accessTokens.delete(token)
      return lives
    })
    const set = { accessToken: randomToken('access'), refreshToken: randomToken('refresh'), sessionId: session.id }
    const { generation } = session
    session.accessTokens.push(set.accessToken)
    accessTokens.set(set.accessToken, { session, generation, endsMs: monotonicMs() + accessTokenSeconds * 1000 })
    refreshTokens.set(set.refreshToken, { session, generation, spentMs: null })
    return set
  }

  return {
    issueCode: (user, redirectUri, codeChallenge = null) => {
      for (const [code, { endsMs }] of codes) if (endsMs <= monotonicMs()) codes.delete(code)
      const code = randomToken('code')
      codes.set(code, { user, redirectUri, codeChallenge, endsMs: monotonicMs() + CODE_MS })
      return code
    },
    exchangeCode: (code, redirectUri, codeVerifier = null) => {
      const found = codes.get(code)
      codes.delete(code)
      if (!found || found.endsMs <= monotonicMs() || found.redirectUri !== redirectUri) return null
      if (found.codeChallenge !== null && found.codeChallenge !== hash('sha256', codeVerifier ?? '', 'base64url'))
        return null
      const session: Session = {
        id: randomToken('session'),
        user: found.user,
        consent: consents.get(found.user) ?? 0,
        endsMs: monotonicMs() + SESSION_MS,
        generation: 0,
        isRevoked: false,
        accessTokens: [],
      }
      sessions.set(session.id, session)
      consents.set(session.user, session.consent + 1)
      return issueTokens(session)
    },
    refresh: (refreshToken) => {
      const found = refreshTokens.get(refreshToken)
      if (!found || !isAlive(found.session)) return null
      if (found.spentMs !== null && !isWithinGrace(found.spentMs)) {
        if (refreshReuse === 'strict-family') found.session.isRevoked = true
        return null
      }
      found.spentMs ??= monotonicMs()
      found.session.generation += 1
      return issueTokens(found.session)
    },
    ownerOfCode: (code) => codes.get(code)?.user ?? null,
    ownerOfRefresh: (refreshToken) => {
      const found = refreshTokens.get(refreshToken)
      if (!found) return null
      const { session, generation, spentMs } = found
      const isSpent = spentMs !== null
      const { user, consent } = session
      return { user, consent, generation, isSpent, isValid: !isSpent && isAlive(session) }
    },
    ownerOfAccess: (accessToken) => {
      const found = accessTokens.get(accessToken)
      if (!found) return null
      const { session, generation, endsMs } = found
      const { user, consent } = session
      return { user, consent, generation, isSpent: false, isValid: endsMs > monotonicMs() && isAlive(session) }
    },
    revoke: (user) => end(alive(user)),
    endEverything: (user) => {
      for (const [code, owner] of codes) if (user === undefined || owner.user === user) codes.delete(code)
      return end(alive(user))
    },
    expireAccessTokens: (user) => {
      const ended = [...accessTokens.values()].filter(
        ({ session, endsMs }) => endsMs > monotonicMs() && (user === undefined || session.user === user),
      )
      for (const token of ended) token.endsMs = monotonicMs()
      return ended.length
    },
    isConnected: (user) => alive(user).length > 0,
  }
}
