import type { Endpoint, Reply } from '../exchange.ts'

/** What an answer of the token endpoint says about a grant; null where it says nothing. */
export function tokenOutcome(endpoint: Endpoint, { status, body }: Reply): 'tokens' | 'invalid_grant' | null {
  if (endpoint !== 'token' || typeof body !== 'string') return null
  if (status === 200) return body.includes('"access_token"') ? 'tokens' : null
  return body.includes('"invalid_grant"') ? 'invalid_grant' : null
}
