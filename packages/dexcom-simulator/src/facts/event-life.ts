import { chance, hashText } from '../generator/hash.ts'
import type { EventChange, EventLife } from '../options/fact-options.ts'
import type { SourceEvent } from '../series.ts'

const SALT = { updated: 60, deleted: 61 }
const AFTER_MS = 3_600_000
const UPDATED_BY = 3

const NUMBER = /^\d+(?:\.\d+)?$/

/** Gives a share of the entries a later life: a number that is corrected, an entry that is taken back, or both. */
export function createEventLife(
  { updatedShare = 0, deletedShare = 0, afterMs = AFTER_MS }: EventLife = {},
  dice: number,
): (event: SourceEvent) => SourceEvent {
  return (event) => {
    if (event.changes) return event
    const index = hashText(event.key)
    const changes: EventChange[] = []
    let fromMs = event.uploadTimeMs
    if (chance(dice, SALT.updated, index) < updatedShare && NUMBER.test(event.value)) {
      fromMs += afterMs
      changes.push({ fromMs, value: String(Number(event.value) + UPDATED_BY) })
    }
    if (chance(dice, SALT.deleted, index) < deletedShare) changes.push({ fromMs: fromMs + afterMs, deleted: true })
    return changes.length === 0 ? event : { ...event, changes }
  }
}
