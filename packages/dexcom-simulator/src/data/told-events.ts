import type { Answers } from '../options/answer-options.ts'
import type { SourceEvent } from '../series.ts'

/** An entry as it is told at one instant. */
export interface ToldEvent extends SourceEvent {
  readonly eventStatus: 'created' | 'updated' | 'deleted'
}

interface Telling {
  readonly nowMs: number
  readonly ids: Answers['updatedEventId']
}

/** Entries with what has become of them by now. A deleted one stays and says so (dexcom-api.md 3.6). */
export function* toldEvents(events: Iterable<SourceEvent>, { nowMs, ids = 'same' }: Telling): Generator<ToldEvent> {
  for (const { changes = [], ...event } of events) {
    const past = changes.filter(({ fromMs }) => fromMs <= nowMs)
    if (past.length === 0) yield { ...event, eventStatus: 'created' }
    else yield* changed(event, past, ids)
  }
}

function* changed(
  event: SourceEvent,
  past: NonNullable<SourceEvent['changes']>,
  ids: NonNullable<Telling['ids']>,
): Generator<ToldEvent> {
  let told: ToldEvent = { ...event, eventStatus: 'created' }
  let updates = 0
  for (const change of past) {
    const uploadTimeMs = Math.max(told.uploadTimeMs, change.fromMs)
    if ('deleted' in change) {
      told = { ...told, uploadTimeMs, eventStatus: 'deleted' }
      continue
    }
    if (ids === 'new-and-deleted') yield { ...told, uploadTimeMs, eventStatus: 'deleted' }
    updates += 1
    const key = ids === 'same' ? event.key : `${event.key}~${updates}`
    told = { ...told, key, uploadTimeMs, value: change.value, eventStatus: 'updated' }
  }
  yield told
}
