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

/** What a message may weigh (RabbitMQ takes more, consumers and proxies need not), and what its envelope takes of that. */
const BYTES_PER_RANGE = 128 * 1024
const ENVELOPE_BYTES = 2 * 1024

/**
 * Cuts numbered changes into ranges, each starting where the one before ended: of at most CHANGES_PER_RANGE, and of so few
 * that their message stays within 128 KB, where `bytesOf` tells what a change takes in it.
 */
export function toRanges(
  changes: readonly Change[],
  at: Instant,
  bytesOf: (change: Change, index: number) => number = () => 0,
): ChangeRange[] {
  const slices: Change[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const [index, change] of changes.entries()) {
    const own = bytesOf(change, index)
    const slice = slices.at(-1)
    if (slice && slice.length < CHANGES_PER_RANGE && bytes + own <= BYTES_PER_RANGE - ENVELOPE_BYTES) {
      slice.push(change)
      bytes += own
    } else {
      slices.push([change])
      bytes = own
    }
  }
  return slices.flatMap((slice) => {
    const [head] = slice
    return head ? [{ first: head.sequence, last: head.sequence + slice.length - 1, at, changes: slice }] : []
  })
}
