import { createHash } from 'node:crypto'
import type { UserId } from '@bg-ingest/domain'
import type { SeenDigest, SeenDigests } from '@bg-ingest/ingest'

/** Digests that nobody loses. */
export function someDigests(): SeenDigests & { readonly kept: Map<UserId, SeenDigest> } {
  const kept = new Map<UserId, SeenDigest>()
  return {
    kept,
    read: async (userId) => kept.get(userId) ?? null,
    write: async (userId, digest) => void kept.set(userId, digest),
    forget: async (userId) => void kept.delete(userId),
    hash: (text) => createHash('sha256').update(text).digest('base64url').slice(0, 11),
  }
}
