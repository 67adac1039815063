import type { ChangeRange, Instant, UserId } from '@bg-ingest/domain'
import { withLeaseWhenFree } from './lease.ts'
import type { Ports } from './ports.ts'
import { changedEvent, readingsOf } from './publish.ts'

/** Which of a person's messages are told once more: those whose change was stored in `[from, to)`, or all. */
export interface RepublishOptions {
  readonly from: Instant | null
  readonly to: Instant | null
  /** Told after each page. */
  readonly onProgress?: (sofar: Republished) => void
}

export interface Republished {
  readonly messages: number
  readonly changes: number
  /** First and last sequence that was told; null where nothing was. */
  readonly fromSequence: number | null
  readonly toSequence: number | null
  /** False where the broker stopped taking them. */
  readonly complete: boolean
}

/** Each page is told under a lease of its own, so that the person's syncs go on in between. */
const RANGES_PER_PAGE = 10

const NOTHING: Republished = { messages: 0, changes: 0, fromSequence: null, toSequence: null, complete: true }

/**
 * Tells again what was published already, from the log: the same ids, in the same order, for a broker that lost data. What
 * a later change superseded is told there alone, so that an old range may hold fewer changes than it once did.
 */
export async function republishChanges(
  ports: Ports,
  userId: UserId,
  { from, to, onProgress }: RepublishOptions,
  stop: AbortSignal,
): Promise<Republished> {
  const isWanted = ({ at }: ChangeRange) => (from === null || at >= from) && (to === null || at < to)
  let told = NOTHING
  for (let after: number | null = 0; after !== null && told.complete; ) {
    const behind: number = after
    after = await withLeaseWhenFree(ports, userId, stop, async (held) => {
      const page = await ports.accounts.rangesAfter(userId, behind, RANGES_PER_PAGE)
      // What was never told is told by its own way, and not before what comes ahead of it.
      const ranges = page.filter(({ last }) => last <= held.progress.published)
      const wanted = ranges.filter(isWanted)
      const readings = await readingsOf(ports, userId, wanted)
      const events = wanted.map((range) => changedEvent(userId, range, readings))
      held.check()
      const taken = await ports.publisher.publishInOrder(events)
      const sent = events.slice(0, taken).map(({ event }) => event.data)
      told = {
        messages: told.messages + taken,
        changes: told.changes + sent.reduce((sum, { changes }) => sum + changes.length, 0),
        fromSequence: told.fromSequence ?? sent[0]?.fromSequence ?? null,
        toSequence: sent.at(-1)?.toSequence ?? told.toSequence,
        complete: taken === events.length,
      }
      return ranges.length < RANGES_PER_PAGE ? null : (ranges.at(-1)?.last ?? null)
    })
    onProgress?.(told)
  }
  return told
}
