import { TOKEN_PATH, TokenResponse } from '@bg-ingest/dexcom-contract'
import { AppError } from '@bg-ingest/domain'
import type { Caller } from './caller.ts'
import { type GrantKind, tokenRefusal } from './token-refusal.ts'
import type { Answer, FailureKind, Timeouts } from './transport.ts'

export interface Grant {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresInSeconds: number
}

export interface TokenRequest {
  readonly kind: GrantKind
  readonly region: string
  /** The fields of this grant; who we are is added here. */
  readonly fields: Readonly<Record<string, string>>
  /** Kept where a refresh answers without a new one (RFC 6749, 6). */
  readonly currentRefreshToken?: string
  /** Of the job that asks. */
  readonly attempt: number
  readonly timeouts: Timeouts
}

/** A person or a whole sync waits for a token: before everything else. */
const TOKEN_PRIORITY = 1

/**
 * One post to the token endpoint, never repeated here and, once it has its slot, never aborted: the answer may hold the
 * only copy of the next refresh token. Throws AppError; `upstream_outcome_unknown` where tokens may have been spent.
 */
export async function requestToken(caller: Caller, request: TokenRequest): Promise<Grant> {
  const { baseUrl, clientId, clientSecret } = caller.region(request.region)
  return caller.send({
    endpoint: 'token',
    region: request.region,
    url: new URL(TOKEN_PATH, baseUrl),
    priority: TOKEN_PRIORITY,
    attempt: request.attempt,
    timeouts: request.timeouts,
    form: { client_id: clientId, client_secret: clientSecret, ...request.fields },
    read(answer) {
      const refusal = tokenRefusal(request.kind, answer, caller.now())
      if (refusal) throw refusal
      return readGrant(answer, request.currentRefreshToken)
    },
    failure: tokenFailure,
  })
}

const outcomeUnknown = () => new AppError('upstream_outcome_unknown', "Dexcom's answer was lost")

const tokenFailure = (kind: FailureKind): AppError =>
  kind === 'not_sent' ? new AppError('upstream_unavailable', 'Dexcom cannot be reached') : outcomeUnknown()

/** A grant is not lost over its decoration: an odd lifetime or refresh token is read as absent, not as a broken answer. */
const Tolerant = TokenResponse.extend({
  refresh_token: TokenResponse.shape.refresh_token.catch(undefined),
  expires_in: TokenResponse.shape.expires_in.catch(undefined),
  token_type: TokenResponse.shape.token_type.catch(undefined),
})

function readGrant({ body }: Answer, currentRefreshToken: string | undefined): Grant {
  const { data: tokens } = Tolerant.safeParse(parsed(body))
  if (!tokens) throw outcomeUnknown()
  const refreshToken = tokens.refresh_token ?? currentRefreshToken
  // A code grant without a refresh token ends in two hours: no connection that we could keep.
  if (refreshToken === undefined) throw new AppError('upstream_invalid', 'Dexcom granted no refresh token')
  return { accessToken: tokens.access_token, refreshToken, expiresInSeconds: lifetimeSeconds(tokens.expires_in) }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Dexcom's access tokens live two hours. Its document calls the number milliseconds; it is seconds (dexcom-api.md 2.3). */
const USUAL_SECONDS = 7200
const LEAST_SECONDS = 60
const MOST_SECONDS = 86_400

function lifetimeSeconds(expiresIn: number | string | undefined): number {
  const seconds = expiresIn === undefined ? USUAL_SECONDS : Math.floor(Number(expiresIn))
  return Math.min(Math.max(seconds, LEAST_SECONDS), MOST_SECONDS)
}
