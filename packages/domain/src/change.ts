import * as z from 'zod'
import type { ReadingKey } from './identity.ts'
import type { Instant } from './instant.ts'

export const CHANGE_KINDS = ['created', 'updated', 'deleted'] as const
export type ChangeKind = (typeof CHANGE_KINDS)[number]

/** At most this many changes in one log item, and so in one message (contract: readings.changed). */
export const CHANGES_PER_RANGE = 200

/** One numbered change of one reading, as the log keeps it: the reading itself lies in the readings table. */
export const Change = z.object({
  sequence: z.number().int().positive(),
  kind: z.enum(CHANGE_KINDS),
  key: z.string().transform((key) => key as ReadingKey),
})
export type Change = z.infer<typeof Change>

/** A log item: the closed range [first, last] of a person's sequences. Its range is its identity. */
export interface ChangeRange {
  readonly first: number
  readonly last: number
  /** When it was claimed; the time of its event, so that a repeat after a crash says the same. */
  readonly at: Instant
  readonly changes: readonly Change[]
}

/** Cuts numbered changes into ranges of at most CHANGES_PER_RANGE, each starting where the one before ended. */
export function toRanges(changes: readonly Change[], at: Instant): ChangeRange[] {
  const ranges: ChangeRange[] = []
  for (let start = 0; start < changes.length; start += CHANGES_PER_RANGE) {
    const slice = changes.slice(start, start + CHANGES_PER_RANGE)
    const [head] = slice
    if (head) ranges.push({ first: head.sequence, last: head.sequence + slice.length - 1, at, changes: slice })
  }
  return ranges
}
