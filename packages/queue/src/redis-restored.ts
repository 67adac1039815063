import type { Redis } from 'ioredis'

const SECOND_MS = 1_000

/**
 * From when on this Redis surely holds all that it has confirmed, in epoch milliseconds by its own clock. Its start, since a
 * restart may lose the last second (appendfsync everysec); now, where it was a replica, which may have been behind, or does
 * not say; Infinity for a replica.
 */
export async function restoredAtMs(redis: Redis): Promise<number> {
  const [[seconds, microseconds], info] = await Promise.all([redis.time(), redis.info().catch(() => '')])
  const nowMs = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
  if (field('role') === 'slave') return Number.POSITIVE_INFINITY
  const wasReplica = field('second_repl_offset') !== '-1'
  const uptimeSeconds = Number(field('uptime_in_seconds'))
  // Redis takes the whole seconds of now and of its start, so the uptime may be too long by almost one.
  return wasReplica || Number.isNaN(uptimeSeconds) ? nowMs : nowMs - uptimeSeconds * 1000 + SECOND_MS
}
