import { createHash, hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** An unguessable token, base64url; 32 bytes are 43 characters. */
export const newToken = (bytes = 32): string => randomBytes(bytes).toString('base64url')

/** SHA-256, base64url: how a one-time token is kept, so that a dump of the store cannot be replayed. */
export const hashToken = (text: string): string => hash('sha256', text, 'base64url')

const digest = (value: string | Uint8Array) => createHash('sha256').update(value).digest()

/** Compares in constant time, also where the lengths differ. */
export const safeEqual = (a: string | Uint8Array, b: string | Uint8Array): boolean =>
  timingSafeEqual(digest(a), digest(b))
