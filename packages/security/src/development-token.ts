import { SignJWT } from 'jose'

export interface DevelopmentToken {
  readonly secret: string
  readonly sub: string
  readonly scopes: readonly string[]
  readonly audience: string
  readonly issuer?: string | undefined
  readonly ttlSeconds: number
  /** Epoch milliseconds. */
  readonly nowMs: number
}

/** Signs a token for development and tests (HS256): what an identity provider does in production. */
export function signDevelopmentToken(token: DevelopmentToken): Promise<string> {
  const issuedAt = Math.floor(token.nowMs / 1000)
  const jwt = new SignJWT({ scope: token.scopes.join(' ') })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(token.sub)
    .setAudience(token.audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + token.ttlSeconds)
  if (token.issuer !== undefined) jwt.setIssuer(token.issuer)
  return jwt.sign(new TextEncoder().encode(token.secret))
}
