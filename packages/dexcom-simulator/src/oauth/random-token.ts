import { randomBytes, randomUUID } from 'node:crypto'
import type { GrantOptions } from './grants.ts'

/**
 * Opaque tokens of the lengths a Keycloak-like server gives (dexcom-api.md 2.3: an access token takes 1 to 2 KB), so that
 * whoever stores them learns early. Codes look like `US_<uuid>.<uuid>.<uuid>`.
 */
export const randomToken: GrantOptions['randomToken'] = (kind) => {
  switch (kind) {
    case 'code':
      return `US_${randomUUID()}.${randomUUID()}.${randomUUID()}`
    case 'access':
      return `eyJhbGciOi${randomBytes(900).toString('base64url')}`
    case 'refresh':
      return randomBytes(32).toString('hex')
    case 'session':
      return randomUUID()
    default:
      return kind satisfies never
  }
}
