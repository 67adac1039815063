import { createHash } from 'node:crypto'

/** Strong tag over what the contract says it covers; the caller chooses the parts. */
export const etagOf = (...parts: readonly unknown[]): string =>
  `"${createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 27)}"`

/** Personal data: a browser may keep it for itself and must ask again; no shared cache may. */
export const PRIVATE_CACHE = 'private, no-cache'
