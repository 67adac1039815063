import { createHash } from 'node:crypto'
import { toInstant, type UserId } from '@bg-ingest/domain'
import type { SealedTokens } from './connection.ts'

const MINUTE_MS = 60_000

/** When an access token ends, and when it is renewed: 5 to 15 minutes before, spread by person and version, so that
 * tokens granted in one minute are not refreshed in one minute; at most half of its life early. */
export function tokenTimes(
  userId: UserId,
  version: number,
  nowMs: number,
  lifeSeconds: number,
): Pick<SealedTokens, 'expiresAt' | 'refreshAt'> {
  const hash = createHash('sha256').update(`${userId}\n${version}`).digest().readUInt32BE(0)
  const early = Math.min(5 * MINUTE_MS + (hash % (10 * MINUTE_MS)), (lifeSeconds * 1000) / 2)
  const expires = nowMs + lifeSeconds * 1000
  return { expiresAt: toInstant(expires), refreshAt: toInstant(expires - early) }
}
