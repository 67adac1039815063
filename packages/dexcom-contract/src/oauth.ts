import * as z from 'zod'

export const LOGIN_PATH = '/v3/oauth2/login'
export const TOKEN_PATH = '/v3/oauth2/token'

/** The only scope Dexcom accepts (dexcom-api.md 2.1). */
export const SCOPE = 'offline_access'

interface AuthorizeInput {
  readonly baseUrl: string
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string
  /** RFC 7636, S256; left out where the code is to be spent without a verifier. */
  readonly codeChallenge?: string
}

/** Where a person's browser goes to grant us access (Dexcom v3, swagger: GET /v3/oauth2/login). */
export function authorizeUrl({ baseUrl, clientId, redirectUri, state, codeChallenge }: AuthorizeInput): string {
  const url = new URL(LOGIN_PATH, baseUrl)
  url.searchParams.set('client_id', clientId)
  url.searchParams.set('redirect_uri', redirectUri)
  url.searchParams.set('response_type', 'code')
  url.searchParams.set('scope', SCOPE)
  url.searchParams.set('state', state)
  if (codeChallenge !== undefined) {
    url.searchParams.set('code_challenge', codeChallenge)
    url.searchParams.set('code_challenge_method', 'S256')
  }
  return url.href
}

/**
 * Token answer (Dexcom v3, swagger: 200 of POST /v3/oauth2/token). `expires_in` is seconds, although the document says
 * milliseconds; some servers write it as text. A refresh answer without a refresh token keeps the old one (RFC 6749, 6).
 */
export const TokenResponse = z.looseObject({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.union([z.number(), z.string().regex(/^-?\d+$/)]).optional(),
  token_type: z.string().optional(),
})
export type TokenResponse = z.infer<typeof TokenResponse>

/** `{ "error": "invalid_grant" }`: the only error body that Dexcom documents. */
export const TokenError = z.looseObject({ error: z.string() })
