import { createHash } from 'node:crypto'
import type { UserId } from '@bg-ingest/domain'

/**
 * A user, and what else tells apart, as a Redis key part. User ids may contain ':', which BullMQ's ids must not, so
 * they are hashed: 22 base64url characters are 132 bits.
 */
export function userKey(userId: UserId, ...parts: readonly string[]): string {
  return createHash('sha256')
    .update([userId, ...parts].join('\n'))
    .digest('base64url')
    .slice(0, 22)
}
