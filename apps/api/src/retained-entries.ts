import { DAY_MS, epochMs } from '@bg-ingest/domain'
import type { LatestReader } from '@bg-ingest/queue'

/** Entries as they are, but for those whose reading has come to the end of its retention since: the store knows what is shown then. */
export const retainedEntries = (entries: LatestReader, retentionDays: number, now: () => number): LatestReader => ({
  async read(userId) {
    const entry = await entries.read(userId)
    if (!entry?.head || retentionDays === 0) return entry
    return epochMs(entry.head.timestamp) > now() - retentionDays * DAY_MS + SECOND_MS ? entry : null
  },
})

/** Retention ends with a whole second. */
const SECOND_MS = 1_000
