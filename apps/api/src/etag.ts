import { hash } from 'node:crypto'
import { remembering } from './remembering.ts'

/** Strong tag over what the contract says it covers; the caller chooses the parts. */
export const etagOf = (...parts: readonly unknown[]): string => hashed(JSON.stringify(parts))

/** The same, remembering the tags of so many answers: for what is asked for again and again while nothing changes. */
export function rememberedTags(most: number): typeof etagOf {
  const tagOf = remembering(most, hashed)
  return (...parts) => tagOf(JSON.stringify(parts))
}

const hashed = (text: string): string => `"${hash('sha256', text, 'base64url').slice(0, 27)}"`

/** Personal data: a browser may keep it for itself and must ask again; no shared cache may. */
export const PRIVATE_CACHE = 'private, no-cache'

/**
 * Whether If-None-Match names this tag (RFC 9110, 13.1.2: weak comparison). Express' own `fresh` says no to every caller
 * that sends `Cache-Control: no-cache` besides, and each fetch() with a condition does (Fetch standard, cache mode).
 */
export const isNamed = (etag: string, ifNoneMatch: string | undefined): boolean =>
  namedTags(ifNoneMatch).some((tag) => tag === '*' || tag === etag)

/** The tags that a caller holds, without the sign of weak ones. */
export const namedTags = (ifNoneMatch: string | undefined): readonly string[] =>
  ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? []
