import * as z from 'zod'

type Tolerant<Shape extends z.ZodRawShape, Strict> = {
  [Field in keyof Shape]: Field extends Strict ? Shape[Field] : z.ZodOptional<z.ZodUnknown>
}

/**
 * A glucose value is not lost over its decoration: strict about the fields named, and every other field is taken as it
 * came, to be judged where it is read. Compiled, because it meets every record (performance.md 6: 3 to 5 times cheaper).
 */
export function withTolerance<Shape extends z.ZodRawShape, const Strict extends readonly (keyof Shape & string)[]>(
  { shape }: z.ZodObject<Shape>,
  strict: Strict,
) {
  const fields = Object.entries(shape).map(([name, field]) => [
    name,
    strict.includes(name) ? field : z.unknown().optional(),
  ])
  const tolerant = Object.fromEntries(fields) as Tolerant<Shape, Strict[number]>
  return z.compile(z.object(tolerant), { strict: true })
}

/** What identifies a reading: without it, or with something odd in it, the record is set aside. */
export const IDENTITY = ['recordId', 'systemTime', 'transmitterId', 'displayDevice'] as const
