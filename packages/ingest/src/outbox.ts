import type { UserId } from '@bg-ingest/domain'
import type { Held } from './lease.ts'
import type { SyncState } from './state.ts'

/** Keeps count, over the whole fleet, of what waits for the broker. */
export interface Outbox {
  /** How many log items begin above a sequence. */
  waiting(userId: UserId, sequence: number): Promise<number>
  /** Notes how many of a person wait now. Does not wait for an answer and never throws. */
  note(userId: UserId, items: number): void
}

/** Tells at the end of a run how much it leaves, under the lease, so that no earlier run can tell it later. */
export async function noteOutbox(
  outbox: Outbox | undefined,
  userId: UserId,
  before: SyncState,
  { committed, published }: Held['progress'],
): Promise<void> {
  if (!outbox) return
  const waits = published < committed
  const waited = before.publishedSequence < before.committedSequence
  // A run that found nothing and leaves nothing, which most do, costs nothing.
  if (!waits && !waited && published === before.publishedSequence) return
  try {
    outbox.note(userId, waits ? await outbox.waiting(userId, published) : 0)
  } catch {
    // NOTE: a count for operators; the hourly pass sets it right
  }
}
