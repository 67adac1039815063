import { hash } from 'node:crypto'
import { TOKEN_PATH } from '@bg-ingest/dexcom-contract'
import { type Caller, type Exchange, jsonReply, NOBODY, type Reply, type Route } from '../exchange.ts'
import type { Client } from './client.ts'
import type { Grants, TokenSet } from './grants.ts'

interface TokenInput {
  readonly client: Client
  readonly grants: Grants
  readonly accessTokenSeconds: number
}

/** As in Dexcom's sample, comma included (dexcom-api.md 2.3). */
const NOT_BEFORE_POLICY = '1726871301,'

/** Enough hex to tell tokens apart, too little to find one by. */
const PRINT_CHARS = 16

const refusal = (status: number, error: string): Reply => jsonReply(status, { error })

/** POST /v2|/v3/oauth2/token: code and refresh grants, form posts only, errors exactly `{ "error": … }`. */
export function tokenRoutes({ client, grants, accessTokenSeconds }: TokenInput): Route[] {
  const answer = (tokens: TokenSet | null): Reply =>
    tokens
      ? jsonReply(200, {
          access_token: tokens.accessToken,
          expires_in: accessTokenSeconds,
          token_type: 'Bearer',
          refresh_token: tokens.refreshToken,
          refresh_expires_in: 0,
          'not-before-policy': NOT_BEFORE_POLICY,
          session_state: tokens.sessionId,
        })
      : refusal(400, 'invalid_grant')

  function handle(exchange: Exchange): Reply {
    const form = formOf(exchange)
    if (!form) return refusal(400, 'invalid_request')
    if (form.get('client_id') !== client.id || !client.isSecret(form.get('client_secret') ?? '')) {
      return refusal(401, 'invalid_client')
    }
    switch (form.get('grant_type')) {
      case 'authorization_code': {
        const [code, redirectUri] = [form.get('code'), form.get('redirect_uri')]
        if (!code || !redirectUri) return refusal(400, 'invalid_request')
        return answer(grants.exchangeCode(code, redirectUri, form.get('code_verifier')))
      }
      case 'refresh_token': {
        const refreshToken = form.get('refresh_token')
        return refreshToken ? answer(grants.refresh(refreshToken)) : refusal(400, 'invalid_request')
      }
      case null:
        return refusal(400, 'invalid_request')
      default:
        return refusal(400, 'unsupported_grant_type')
    }
  }

  function identify(exchange: Exchange): Caller {
    const form = formOf(exchange)
    if (form?.get('grant_type') !== 'refresh_token') {
      return { ...NOBODY, user: grants.ownerOfCode(form?.get('code') ?? '') }
    }
    const refreshToken = form.get('refresh_token') ?? ''
    const owner = grants.ownerOfRefresh(refreshToken)
    return {
      refreshTokenPrint: hash('sha256', refreshToken).slice(0, PRINT_CHARS),
      user: owner?.user ?? null,
      tokenGeneration: owner?.generation ?? null,
      kind: 'refresh',
      spentRefreshToken: owner?.isSpent ?? false,
    }
  }

  return [TOKEN_PATH, TOKEN_PATH.replace('/v3/', '/v2/')].map(
    (path): Route => ({ endpoint: 'token', method: 'POST', path, identify, handle }),
  )
}

/** The fields of a form post. Null for another content type and for a field sent twice (RFC 6749, 3.2). */
export function formOf({ contentType, body }: Pick<Exchange, 'contentType' | 'body'>): URLSearchParams | null {
  if (contentType.split(';')[0]?.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return null
  const form = new URLSearchParams(body)
  return new Set(form.keys()).size === form.size ? form : null
}
