import { EventRecord } from '@bg-ingest/dexcom-contract'
import * as z from 'zod'
import { NO_ARROW, originOf, toMeasurement } from './measurement.ts'
import type { Outcome } from './rejection.ts'
import { IDENTITY, withTolerance } from './tolerance.ts'
import { countUnknown, type Page } from './unknown-values.ts'

const Kind = z.compile(z.object({ eventType: EventRecord.shape.eventType }), { strict: true })
const Fingerstick = withTolerance(EventRecord, IDENTITY)

/** The value of an event is text ("112"); "-1.00" has been seen (dexcom-api.md 3.6), exponents and hex have not. */
const NUMBER = /^-?\d{1,9}(?:\.\d{1,9})?$/

/**
 * One record of /events. Only eventType bloodGlucose is a reading; insulin, carbs and the rest are null, neither fetched
 * nor rejected. A deleted one is a reading taken back, whatever value it still has; an eventStatus that is new is read
 * as `created`.
 */
export function normaliseEvent(record: unknown, page: Page): Outcome {
  const { data: kind } = Kind.safeParse(record)
  if (!kind) return 'shape'
  countUnknown(page, 'eventType', kind.eventType)
  if (kind.eventType !== 'bloodGlucose') return null
  const { data: event } = Fingerstick.safeParse(record)
  if (!event) return 'shape'
  countUnknown(page, 'eventStatus', event.eventStatus)
  if (event.eventStatus === 'deleted') {
    const deletion = originOf('manual', event, page)
    return typeof deletion === 'string' ? deletion : { deletion }
  }
  const value = readNumber(event.value)
  return value === 'shape' ? 'shape' : toMeasurement('manual', { ...event, value }, NO_ARROW, page)
}

function readNumber(text: unknown): number | null | 'shape' {
  if (text === null || text === undefined || text === '') return null
  return typeof text === 'string' && NUMBER.test(text) ? Number(text) : 'shape'
}
