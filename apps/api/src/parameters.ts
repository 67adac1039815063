import { parseInstant, READING_TYPES, UNITS, UserId } from '@bg-ingest/domain'
import * as z from 'zod'

/** What callers are told of a parameter: the number or list that it means, not the text that it is in a URL. */
function shownAs(schema: Readonly<Record<string, unknown>>) {
  const override = ({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }) => {
    for (const name of Object.keys(jsonSchema)) delete jsonSchema[name]
    Object.assign(jsonSchema, schema)
  }
  return { override }
}

/** A parameter that need not be sent. zod-openapi 6.0.2 shows no default of what is transformed, so that it is said here. */
export function withDefault<S extends z.ZodType>(
  schema: S,
  value: z.util.NoUndefined<z.output<S>>,
  description: string,
) {
  const override = ({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }) => {
    jsonSchema['default'] = value
  }
  return schema.default(value).meta({ description, override })
}

export const UserParams = z.strictObject({
  userId: UserId.meta({ description: 'Your own id of the person, percent-encoded' }),
})

/** Any RFC 3339 instant with a zone, as callers write it; served back in UTC with milliseconds. */
export const InstantInput = z
  .string()
  .transform((text, context) => {
    const instant = parseInstant(text)
    if (instant) return instant
    context.addIssue({ code: 'custom', message: 'must be an RFC 3339 instant with a zone, as 2026-11-20T14:00:00Z' })
    return z.NEVER
  })
  .meta(shownAs({ type: 'string', format: 'date-time' }))

/** A whole number in decimal digits, in [min, max]. */
export const integerInput = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .meta(shownAs(integerSchema(min, max)))

const integerSchema = (minimum: number, maximum: number) => ({ type: 'integer', minimum, maximum }) as const

/** The same, or `all`: every page one after the other, for answers that are written in rows. */
export const pageLimitInput = (max: number) =>
  z
    .string()
    .transform((text, context) => {
      if (text === 'all') return text
      const parsed = integerInput(1, max).safeParse(text)
      if (parsed.success) return parsed.data
      for (const { message } of parsed.error.issues) context.addIssue({ code: 'custom', message })
      return z.NEVER
    })
    .meta(shownAs({ anyOf: [integerSchema(1, max), { type: 'string', const: 'all' }] }))

export const UnitInput = z.enum(UNITS)

/** `type=cgm&type=manual`: Express gives text for one and an array for several. */
export const TypesInput = z
  .union([z.enum(READING_TYPES), z.array(z.enum(READING_TYPES)).min(1)], {
    error: `must be ${READING_TYPES.join(', ')}, or several of them`,
  })
  .transform((types) => new Set([types].flat()))
  .meta(shownAs({ type: 'array', items: { type: 'string', enum: [...READING_TYPES] } }))
