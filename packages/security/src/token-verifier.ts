import { AppError, UserId } from '@bg-ingest/domain'
import { type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose'
import { type TokenKey, type TrustedKey, trustedKey } from './token-key.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

/** Who calls, as a verified token says. */
export interface Caller {
  readonly sub: UserId
  readonly scopes: ReadonlySet<string>
  /** A service that may act for every person (scope `bg:any-user`). */
  readonly anyUser: boolean
}

export interface TokenVerifierOptions {
  /** A trusted key where several verifiers share one: an identity provider is then asked once for all of them. */
  readonly key: TokenKey | TrustedKey
  /** Unset: any issuer that holds the key. */
  readonly issuer?: string | undefined
  readonly audience: string
  /** From `iat`, then demanded, to `exp`; unset: the issuer decides. */
  readonly maxLifetimeSeconds?: number | undefined
  /** Epoch milliseconds. */
  readonly now?: () => number
}

export interface TokenVerifier {
  /** Reads an Authorization header. Throws AppError `unauthorized`, always with the same words, or `service_unavailable`. */
  verify(authorizationHeader: string | undefined): Promise<Caller>
}

export const ANY_USER_SCOPE = 'bg:any-user'

/** Contract 3: clocks may differ by a minute. */
const SKEW_SECONDS = 60
/** Beyond any honest token, and below what makes parsing one worth an attacker's while. */
const MAX_TOKEN_CHARS = 8192
// RFC 9068 for access tokens; an id+jwt says who somebody is, not what they may do.
const TYPES = ['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt']
const BEARER = /^Bearer +([A-Za-z0-9_.-]+)$/i

/**
 * Verifies callers' tokens with one configured key; a token found good is good for a minute, or until its `exp` where that
 * comes first, without another look at its signature. Throws at once where that key is unusable.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { now = Date.now } = options
  const key = 'resolve' in options.key ? options.key : trustedKey(options.key, now)
  const verified = createVerifiedTokens()
  return {
    async verify(header) {
      const token = BEARER.exec(header ?? '')?.[1]
      if (token === undefined || token.length > MAX_TOKEN_CHARS) throw refusal('malformed')
      const nowMs = now()
      const known = verified.recall(token, nowMs)
      if (known) return known
      const { payload, protectedHeader } = await checked(token, key, options, nowMs)
      const caller = toCaller(payload, protectedHeader, nowMs)
      if (livesTooLong(payload, options.maxLifetimeSeconds)) throw refusal('lifetime')
      verified.remember(token, caller, Number(payload.exp), nowMs)
      return caller
    },
  }
}

async function checked(token: string, key: TrustedKey, options: TokenVerifierOptions, nowMs: number) {
  try {
    return await jwtVerify(token, key.resolve, {
      algorithms: [...key.algorithms],
      audience: options.audience,
      ...(options.issuer === undefined ? {} : { issuer: options.issuer }),
      requiredClaims: ['exp', 'sub'],
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(nowMs),
    })
  } catch (err) {
    if (err instanceof AppError) throw err
    throw refusal((err as { code?: unknown }).code)
  }
}

function toCaller(payload: JWTPayload, header: JWTHeaderParameters, nowMs: number): Caller {
  const sub = UserId.safeParse(payload.sub)
  if (!sub.success) throw refusal('sub')
  // jose hands the header over as it came: `typ` may be anything.
  if (!TYPES.includes(String(header.typ ?? 'JWT').toLowerCase())) throw refusal('typ')
  // A NumericDate with a fraction or beyond 2^53 is nothing that a known issuer writes.
  if (!Number.isSafeInteger(payload.exp)) throw refusal('exp')
  if ((payload.iat ?? 0) > nowMs / 1000 + SKEW_SECONDS) throw refusal('iat')
  const { scope = '' } = payload
  if (typeof scope !== 'string') throw refusal('scope')
  const scopes = new Set(scope.split(' ').filter((name) => name !== ''))
  return { sub: sub.data, scopes, anyUser: scopes.has(ANY_USER_SCOPE) }
}

/** What was granted for too long could not be taken back in time: there is no list of revoked tokens. */
const livesTooLong = ({ iat, exp }: JWTPayload, maxSeconds: number | undefined): boolean =>
  maxSeconds !== undefined && !(Number(exp) - Number(iat) <= maxSeconds)

/**
 * One answer for every defect. The reason is a code in the cause, for the log; jose's own error is not kept, because
 * it carries the whole payload.
 */
function refusal(reason: unknown): AppError {
  const code = typeof reason === 'string' ? reason : 'ERR_JWT_INVALID'
  return new AppError('unauthorized', 'A valid bearer token is required', {
    cause: Object.assign(new Error('token refused'), { code }),
  })
}
