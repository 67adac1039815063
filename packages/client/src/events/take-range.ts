import type { ChangePage } from '../contract.ts'
import { BgIngestError } from '../problem.ts'
import type { ReadingsChanged } from './message.ts'

/** What to take in next of a person: everything behind the position up to `toSequence`. */
export interface Batch extends ReadingsChanged {
  /** Whether it came from the change feed, because messages were missing. */
  readonly healed: boolean
}

/** Messages of a person that never came. */
export interface Gap {
  readonly userId: string
  readonly fromSequence: number
  readonly toSequence: number
}

export interface Keeper {
  /** Up to which sequence this person has been taken in; 0 for somebody new. */
  readonly position: (userId: string) => Promise<number>
  /** Takes a batch in and moves the position to its `toSequence`, both or neither. */
  readonly apply: (batch: Batch) => Promise<void>
  /** Forgets the person, position and all. */
  readonly erase: (userId: string, at: string) => Promise<void>
}

export interface RangeNeeds extends Keeper {
  /** The change feed, page by page: `changes` of a client. */
  readonly changes: (userId: string, query: { readonly after: number }) => AsyncIterable<ChangePage>
  readonly onGap: (gap: Gap) => void
  readonly onRepeat: (range: ReadingsChanged) => void
  readonly pause: (ms: number) => Promise<void>
}

/** The feed shows what is committed, and a message may be ahead of that for as long as its sync takes. */
const FEED_LOOKS = 30
const FEED_LOOK_MS = 1_000

/** Takes a range in exactly once, whatever came before it: drops what was seen, and fetches what is missing first. */
export async function takeRange(needs: RangeNeeds, range: ReadingsChanged): Promise<void> {
  const { userId, fromSequence, toSequence } = range
  let seen = await needs.position(userId)
  if (toSequence <= seen) return needs.onRepeat(range)
  if (fromSequence > seen + 1) {
    needs.onGap({ userId, fromSequence: seen + 1, toSequence: fromSequence - 1 })
    seen = await healUpTo(needs, userId, seen, fromSequence - 1)
    if (toSequence <= seen) return
  }
  // The feed may have ended in the midst of a message.
  const changes = range.changes.filter(({ sequence }) => sequence > seen)
  await needs.apply({ userId, fromSequence: seen + 1, toSequence, changes, healed: false })
}

async function healUpTo(needs: RangeNeeds, userId: string, from: number, last: number): Promise<number> {
  let seen = await heal(needs, userId, from)
  for (let looks = 1; seen < last; looks += 1) {
    if (looks === FEED_LOOKS)
      throw new BgIngestError('unexpected_answer', 'The change feed does not reach the messages that are missing')
    await needs.pause(FEED_LOOK_MS)
    seen = await heal(needs, userId, seen)
  }
  return seen
}

/** Takes in what the change feed has behind a position; answers the new one. */
export async function heal(needs: RangeNeeds, userId: string, from: number): Promise<number> {
  let seen = from
  try {
    for await (const { through, changes } of needs.changes(userId, { after: seen })) {
      if (through === seen) continue
      await needs.apply({ userId, fromSequence: seen + 1, toSequence: through, changes, healed: true })
      seen = through
    }
    return seen
  } catch (error) {
    if (from === 0 || !(error instanceof BgIngestError) || error.code !== 'feed_restarted') throw error
    // The message that said so never came.
    await needs.erase(userId, new Date().toISOString())
    return heal(needs, userId, 0)
  }
}
