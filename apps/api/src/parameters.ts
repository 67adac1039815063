import { parseInstant, READING_TYPES, UNITS, UserId } from '@bg-ingest/domain'
import * as z from 'zod'

export const UserParams = z.strictObject({ userId: UserId })

/** Any RFC 3339 instant with a zone, as callers write it; served back in UTC with milliseconds. */
export const InstantInput = z.string().transform((text, context) => {
  const instant = parseInstant(text)
  if (instant) return instant
  context.addIssue({ code: 'custom', message: 'must be an RFC 3339 instant with a zone, as 2026-11-20T14:00:00Z' })
  return z.NEVER
})

/** A whole number in decimal digits, in [min, max]. */
export const integerInput = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))

export const UnitInput = z.enum(UNITS)

/** `type=cgm&type=manual`: Express gives text for one and an array for several. */
export const TypesInput = z
  .union([z.enum(READING_TYPES), z.array(z.enum(READING_TYPES)).min(1)], {
    error: `must be ${READING_TYPES.join(', ')}, or several of them`,
  })
  .transform((types) => new Set([types].flat()))
