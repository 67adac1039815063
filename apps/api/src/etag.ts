import { createHash } from 'node:crypto'

/** Strong tag over what the contract says it covers; the caller chooses the parts. */
export const etagOf = (...parts: readonly unknown[]): string =>
  `"${createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 27)}"`

/** Personal data: a browser may keep it for itself and must ask again; no shared cache may. */
export const PRIVATE_CACHE = 'private, no-cache'

/**
 * Whether If-None-Match names this tag (RFC 9110, 13.1.2: weak comparison). Express' own `fresh` says no to every caller
 * that sends `Cache-Control: no-cache` besides, and each fetch() with a condition does (Fetch standard, cache mode).
 */
export const isNamed = (etag: string, ifNoneMatch: string | undefined): boolean =>
  ifNoneMatch?.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim())) ?? false
