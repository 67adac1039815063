import { createHash } from 'node:crypto'
import type { UserId } from './user-id.ts'

/**
 * Where in its interval a person is polled: 1 to everyMs - 1, spread by a hash of the id, so that thousands of people
 * connected in one minute are not polled in one minute. Never 0: BullMQ takes an offset of 0 for none (measured, 6.7.0).
 */
export function pollOffsetMs(userId: UserId, everyMs: number): number {
  const hash = createHash('sha256').update(userId).digest().readUInt32BE(0)
  return 1 + (hash % (everyMs - 1))
}

/** The first poll of a person at or after `atMs`. BullMQ runs `every` with an offset at floor(t / every) * every + offset. */
export function nextPollMs(userId: UserId, everyMs: number, atMs: number): number {
  const offset = pollOffsetMs(userId, everyMs)
  return Math.ceil((atMs - offset) / everyMs) * everyMs + offset
}

/** How many parts the registry of people has: one partition must not take every write of the fleet. */
export const REGISTRY_SHARDS: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

/** The part of the registry that a person belongs to, `00` to `ff`. */
export const registryShard = (userId: UserId): string => createHash('sha256').update(userId).digest('hex').slice(0, 2)
