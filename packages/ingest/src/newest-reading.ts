import type { Instant, ReadingType } from '@bg-ingest/domain'

/** The instant of the newest sensor reading, of those known before and those just stored. Polls reach back from it. */
export function newest(
  known: Instant | null,
  measurements: readonly { readonly type: ReadingType; readonly timestamp: Instant }[],
): Instant | null {
  let latest = known
  for (const { type, timestamp } of measurements)
    if (type === 'cgm' && (latest === null || timestamp > latest)) latest = timestamp
  return latest
}
