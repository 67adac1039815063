export const REDACTED = '[redacted]'

/**
 * Names of fields whose value never leaves, compared without case, `-` and `_`. The second net: the first is that such
 * things are not logged at all. `code` is absent on purpose (it is our error code): an OAuth code is `oauthCode`.
 */
const PARTS = [
  'authorization',
  'cookie',
  'token',
  'secret',
  'password',
  'passphrase',
  'apikey',
  'privatekey',
  'credential',
  'signature',
  'oauthcode',
  'codeverifier',
  'glucose',
  'userid',
  'username',
]
const WHOLE = [
  'value',
  'body',
  'rawbody',
  'rawheaders',
  'sub',
  'subject',
  'jwt',
  'plain',
  'plaintext',
  'trendrate',
  'email',
]

export function isSensitive(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_]/g, '')
  return WHOLE.includes(plain) || PARTS.some((part) => plain.includes(part))
}

// Each pattern has one bounded or single-class repeat, so that none can run away on a long text.
const IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic) +[\w.~+/=-]+/gi, `$1 ${REDACTED}`],
  [/\beyJ[\w-]+(?:\.[\w-]*){1,4}/g, REDACTED],
  [/\bwhsec_[\w+/=-]+/g, REDACTED],
  [/((?:token|secret|password|code|state|signature)"? ?[=:] ?"?)[^&\s"',;}]+/gi, `$1${REDACTED}`],
  [/(:\/\/)[^/@\s]{1,512}@/g, `$1${REDACTED}@`],
]

/** The third net: what looks like a secret inside a text, above all in URLs and quoted headers. */
export const scrub = (text: string): string =>
  IN_TEXT.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text)
