import { EventRecord } from '@bg-ingest/dexcom-contract'
import * as z from 'zod'
import { NO_ARROW, toMeasurement } from './measurement.ts'
import type { Outcome } from './rejection.ts'

const Kind = z.looseObject({ eventType: z.string() })

const Fingerstick = EventRecord.extend({
  displayTime: EventRecord.shape.displayTime.catch(null),
  transmitterGeneration: EventRecord.shape.transmitterGeneration.catch(null),
})

/** The value of an event is text ("112"); "-1.00" has been seen (dexcom-api.md 3.6), exponents and hex have not. */
const NUMBER = /^-?\d{1,9}(?:\.\d{1,9})?$/

/**
 * One record of /events. Only eventType bloodGlucose is a reading; insulin, carbs and the rest are null, neither fetched
 * nor rejected. A deleted one is set aside: taking a stored reading back is the caller's decision, not a page's.
 */
export function normaliseEvent(record: unknown, nowMs: number): Outcome {
  const kind = Kind.safeParse(record)
  if (kind.success && kind.data.eventType !== 'bloodGlucose') return null
  const { data: event } = Fingerstick.safeParse(record)
  if (!event) return 'shape'
  if (event.eventStatus === 'deleted') return 'deleted'
  if (event.value && !NUMBER.test(event.value)) return 'shape'
  return toMeasurement(
    'manual',
    { ...event, value: event.value ? Number(event.value) : null, displayApp: null },
    NO_ARROW,
    nowMs,
  )
}
