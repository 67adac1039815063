import { DAY_MS, READING_TYPES, type UserId, windowsNewestFirst } from '@bg-ingest/domain'
import { compareWithStore } from './commit.ts'
import { fetchWindow } from './fetch-window.ts'
import { withLeaseWhenFree } from './lease.ts'
import type { Ports } from './ports.ts'
import { openSession } from './session.ts'

export interface CompareOptions {
  readonly days: number
  /** 0 keeps for ever; what lies past retention is not compared. */
  readonly retentionDays: number
}

/** How many of Dexcom's readings of the last days are not stored as they are there. Stores none, at the lowest priority. */
export async function compareRecent(
  ports: Ports,
  { days, retentionDays }: CompareOptions,
  userId: UserId,
  stop: AbortSignal,
): Promise<number> {
  return withLeaseWhenFree(ports, userId, stop, async (held) => {
    const session = await openSession(ports, held, 'history')
    const nowMs = ports.clock.now()
    const back = retentionDays > 0 ? Math.min(days, retentionDays) : days
    let differing = 0
    for (const window of windowsNewestFirst({ fromMs: nowMs - back * DAY_MS, toMs: nowMs })) {
      const { measurements, deletions } = await fetchWindow(ports, session, window, READING_TYPES)
      const { differences } = await compareWithStore(ports, held, { measurements, deletions }, window)
      differing += differences.length
    }
    return differing
  })
}
