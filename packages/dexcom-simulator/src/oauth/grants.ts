import { DAY_MS } from '@bg-ingest/domain'

/** Both from Dexcom's authentication page (dexcom-api.md 2.1 and 2.4). */
const CODE_MS = 60_000
const SESSION_MS = 365 * DAY_MS

export interface GrantOptions {
  /** Milliseconds that only ever go forward. Tokens live by it, not by the virtual clock. */
  readonly monotonicMs: () => number
  readonly accessTokenSeconds: number
  /** What a spent refresh token earns: a refusal, or the end of its session, as Keycloak does (dexcom-api.md 2.6). */
  readonly refreshReuse: 'reject-only' | 'strict-family'
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
  readonly endsMs: number
  generation: number
  isRevoked: boolean
  accessTokens: string[]
}

interface Code {
  readonly user: string
  readonly redirectUri: string
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
  isSpent: boolean
}

export interface TokenOwner {
  readonly user: string
  readonly generation: number
  /** False for an expired, revoked or spent token. */
  readonly isValid: boolean
  readonly isSpent: boolean
}

/**
 * Codes and tokens of the one application that the simulator knows. Tokens live by real elapsed time: a demo whose
 * clock runs 60 times as fast must not have to refresh every two minutes.
 */
export interface Grants {
  readonly issueCode: (user: string, redirectUri: string) => string
  /** Null for an unknown, used or expired code, or another redirect URI; the code is used up either way. */
  readonly exchangeCode: (code: string, redirectUri: string) => TokenSet | null
  /** Null for an unknown, spent or revoked token. Each works once. */
  readonly refresh: (refreshToken: string) => TokenSet | null
  readonly ownerOfCode: (code: string) => string | null
  readonly ownerOfRefresh: (refreshToken: string) => TokenOwner | null
  readonly ownerOfAccess: (accessToken: string) => TokenOwner | null
  /** Ends all sessions of a person, as "revoke" in the Dexcom account does. Returns how many there were. */
  readonly revoke: (user: string) => number
  /** Ends access tokens only. Returns how many. */
  readonly expireAccessTokens: (user?: string) => number
}

export function createGrants(options: GrantOptions): Grants {
  const { monotonicMs, accessTokenSeconds, refreshReuse, randomToken } = options
  const codes = new Map<string, Code>()
  const sessions = new Map<string, Session>()
  const accessTokens = new Map<string, AccessToken>()
  const refreshTokens = new Map<string, RefreshToken>()
  const isAlive = (session: Session) => !session.isRevoked && session.endsMs > monotonicMs()

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
    refreshTokens.set(set.refreshToken, { session, generation, isSpent: false })
    return set
  }

  return {
    issueCode: (user, redirectUri) => {
      for (const [code, { endsMs }] of codes) if (endsMs <= monotonicMs()) codes.delete(code)
      const code = randomToken('code')
      codes.set(code, { user, redirectUri, endsMs: monotonicMs() + CODE_MS })
      return code
    },
    exchangeCode: (code, redirectUri) => {
      const found = codes.get(code)
      codes.delete(code)
      if (!found || found.endsMs <= monotonicMs() || found.redirectUri !== redirectUri) return null
      const session: Session = {
        id: randomToken('session'),
        user: found.user,
        endsMs: monotonicMs() + SESSION_MS,
        generation: 0,
        isRevoked: false,
        accessTokens: [],
      }
      sessions.set(session.id, session)
      return issueTokens(session)
    },
    refresh: (refreshToken) => {
      const found = refreshTokens.get(refreshToken)
      if (!found || !isAlive(found.session)) return null
      if (found.isSpent) {
        if (refreshReuse === 'strict-family') found.session.isRevoked = true
        return null
      }
      found.isSpent = true
      found.session.generation += 1
      return issueTokens(found.session)
    },
    ownerOfCode: (code) => codes.get(code)?.user ?? null,
    ownerOfRefresh: (refreshToken) => {
      const found = refreshTokens.get(refreshToken)
      if (!found) return null
      const { session, generation, isSpent } = found
      return { user: session.user, generation, isSpent, isValid: !isSpent && isAlive(session) }
    },
    ownerOfAccess: (accessToken) => {
      const found = accessTokens.get(accessToken)
      if (!found) return null
      const { session, generation, endsMs } = found
      return { user: session.user, generation, isSpent: false, isValid: endsMs > monotonicMs() && isAlive(session) }
    },
    revoke: (user) => {
      const ended = [...sessions.values()].filter((session) => session.user === user && isAlive(session))
      for (const session of ended) session.isRevoked = true
      return ended.length
    },
    expireAccessTokens: (user) => {
      const ended = [...accessTokens.values()].filter(
        ({ session, endsMs }) => endsMs > monotonicMs() && (user === undefined || session.user === user),
      )
      for (const token of ended) token.endsMs = monotonicMs()
      return ended.length
    },
  }
}
