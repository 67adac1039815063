import * as z from 'zod'

/** A variable that must be there. Emptiness is dealt with before: an empty variable is an unset one. */
export const text = z.string('is required')

/** Text -> T, or the given complaint where `read` answers null. The complaint is a constant, so no value gets into it. */
export const parsed = <T>(read: (value: string) => T | null, detail: string) =>
  text.transform((value, context) => {
    const result = read(value)
    if (result !== null) return result
    context.addIssue(detail)
    return z.NEVER
  })

interface Range {
  readonly min: number
  readonly max: number
}

/** Plain digits only: `1e3`, `0x10` and ` 5` are typing errors, not numbers. */
export const wholeNumber = ({ min, max }: Range) =>
  parsed(
    (value) => (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max ? Number(value) : null),
    `must be a whole number from ${min} to ${max}`,
  )

/** Hours, fractions allowed, above 0 -> milliseconds. */
export const hours = (max: number) =>
  parsed((value) => {
    const ms = /^\d{1,6}(\.\d{1,9})?$/.test(value) ? Math.round(Number(value) * 3_600_000) : 0
    return ms > 0 && ms <= max * 3_600_000 ? ms : null
  }, `must be a number of hours above 0, at most ${max}`)

export const flag = parsed(
  (value) => (value === 'true' ? true : value === 'false' ? false : null),
  'must be true or false',
)

export const oneOf = <const T extends string>(...choices: readonly T[]) =>
  parsed((value) => choices.find((choice) => choice === value) ?? null, `must be one of ${choices.join(', ')}`)

export function parseUrl(value: string, protocols: readonly string[]): URL | null {
  const url = URL.canParse(value) ? new URL(value) : null
  return url && protocols.includes(url.protocol) && url.hostname !== '' ? url : null
}

export const WEB = ['http:', 'https:']

/** Scheme, host and port alone; a closing slash is forgiven. */
export function parseOrigin(value: string): string | null {
  const url = parseUrl(value, WEB)
  return url && url.href === `${url.origin}/` ? url.origin : null
}

/** The entries of a comma-separated list, trimmed; null where one is empty. */
function parseList(value: string): readonly string[] | null {
  const entries = value.split(',').map((entry) => entry.trim())
  return entries.includes('') ? null : entries
}

/** Every entry read, or null where one cannot be. */
export function parseEach<T>(value: string, read: (entry: string) => T | null): readonly T[] | null {
  const results = parseList(value)?.map(read)
  return results?.every((result) => result !== null) ? results : null
}

/** Standard base64, with or without padding -> bytes; null where the text is anything else. */
export function parseBase64(value: string): Uint8Array | null {
  const bytes = Buffer.from(value, 'base64')
  const same = bytes.toString('base64').replace(/={1,2}$/, '') === value.replace(/={1,2}$/, '')
  // A copy of its own: small Buffers share one pool, and the Encryption SDK refuses keys that lie in it.
  return same ? new Uint8Array(bytes) : null
}
