import { errorFields } from './error-fields.ts'
import { isSensitive, REDACTED, scrub } from './redaction.ts'

interface Options {
  /** Whether errors bring their stack frames. */
  readonly withFrames: boolean
}

/** Deep enough for what we log on purpose; a cycle ends here as well. */
const MAX_DEPTH = 5
const MAX_ENTRIES = 50
const MAX_TEXT_CHARS = 2000

/** Whatever a caller hands over -> plain JSON without secrets. Never throws: a log line must not end a request. */
export function fieldsOf(fields: unknown, options: Options): Record<string, unknown> {
  try {
    return isPlain(fields) ? entriesOf(fields, options, 0) : {}
  } catch {
    return { unloggable: true } // NOTE: a getter that throws
  }
}

function entriesOf(given: object, options: Options, depth: number): Record<string, unknown> {
  const entries = Object.entries(given).slice(0, MAX_ENTRIES)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, hides(name, value) ? REDACTED : loggable(value, options, depth + 1)]),
  )
}

// Whether something was there at all may be said; only what it was may not.
const hides = (name: string, value: unknown) =>
  isSensitive(name) && value !== null && value !== undefined && typeof value !== 'boolean'

function loggable(value: unknown, options: Options, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return text(value)
    case 'bigint':
      return value.toString()
    case 'number':
    case 'boolean':
    case 'undefined':
      return value
    case 'object':
      return value === null ? null : objectOf(value, options, depth)
    default:
      return undefined // functions and symbols
  }
}

function objectOf(value: object, options: Options, depth: number): unknown {
  if (value instanceof Error) return errorFields(value, options)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (depth > MAX_DEPTH) return '[too deep]'
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((entry) => loggable(entry, options, depth + 1))
  return isPlain(value) ? entriesOf(value, options, depth) : opaque(value)
}

/**
 * Instances show their class alone. Got's options and AWS clients have a `toJSON` that tells everything, so it is not
 * asked. A wrapped secret is known by `reveal`: the floors forbid importing its class from packages/config.
 */
function opaque(value: object): string {
  const { constructor: made } = value as { readonly constructor?: { readonly name?: string } }
  return 'reveal' in value ? REDACTED : `[${made?.name ?? 'object'}]`
}

export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function text(value: string): string {
  const scrubbed = scrub(value.slice(0, MAX_TEXT_CHARS))
  return value.length > MAX_TEXT_CHARS ? `${scrubbed} [${value.length} characters]` : scrubbed
}
