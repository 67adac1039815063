import { KNOWN_VALUES, type ListedField } from '@bg-ingest/dexcom-contract'
import { count } from './tally.ts'

/** What one page is read with: the time, and a tally of values that Dexcom's lists do not have, by field. */
export interface Page {
  /** Epoch milliseconds; decides what lies in the future. */
  readonly nowMs: number
  readonly unknownValues: Map<ListedField, number>
}

export const newPage = (nowMs: number): Page => ({ nowMs, unknownValues: new Map() })

/** Counts a value that its list does not have: an arrow, a device or a unit that Dexcom has added. Null is no value. */
export function countUnknown({ unknownValues }: Page, field: ListedField, value: unknown): void {
  const known: ReadonlySet<unknown> = KNOWN_VALUES[field]
  if (value !== null && value !== undefined && !known.has(value)) count(unknownValues, field)
}
