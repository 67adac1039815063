import { TokenError } from '@bg-ingest/dexcom-contract'
import { AppError } from '@bg-ingest/domain'
import { rateLimited, unavailable } from './refusal.ts'
import type { Answer } from './transport.ts'

export type GrantKind = 'code' | 'refresh'

/**
 * Why the token endpoint granted nothing; null for 2xx. Only invalid_grant ends a grant; invalid_client is our own
 * trouble and unlinks nobody (dexcom-api.md 2.5). A redirect is an outage page or a proxy, not a decision on the token.
 */
export function tokenRefusal(kind: GrantKind, answer: Answer, nowMs: number): AppError | null {
  const { status } = answer
  if (status >= 200 && status < 300) return null
  if (status === 429) return rateLimited(answer, nowMs)
  if (status >= 500 || status < 400) return unavailable(answer, nowMs)
  return refusedGrant(kind, status, errorName(answer.body))
}

function refusedGrant(kind: GrantKind, status: number, name: string | null): AppError {
  switch (name) {
    case 'invalid_grant':
      return kind === 'refresh' ? new AppError('needs_reauth', 'Dexcom ended the authorization') : authorizationFailed()
    case 'invalid_client':
    case 'unauthorized_client':
      return new AppError('upstream_misconfigured', 'Dexcom refuses this application')
    default:
      // A code lives one minute and once: whatever 400 says of it, the person has to start again.
      return kind === 'code' && status === 400
        ? authorizationFailed()
        : new AppError('upstream_rejected', 'Dexcom refused the request')
  }
}

const authorizationFailed = () => new AppError('authorization_failed', 'Dexcom did not accept the authorization')

function errorName(body: string): string | null {
  try {
    return TokenError.safeParse(JSON.parse(body)).data?.error ?? null
  } catch {
    return null
  }
}
