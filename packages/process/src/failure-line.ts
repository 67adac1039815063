/** Error -> our own error -> the library's -> the socket's: nothing real is longer. */
const MAX_CAUSES = 4

/**
 * What a process may print of an error that ended it: names and codes, causes included. Messages and properties stay
 * out, since errors of HTTP clients and drivers carry tokens, passwords and URLs that hold them (promises N8).
 */
export function failureLine(what: string, err: unknown): string {
  const causes: string[] = []
  let current = err
  for (let depth = 0; current !== undefined && current !== null && depth < MAX_CAUSES; depth++) {
    causes.push(nameAndCode(current))
    current = (current as { cause?: unknown }).cause
  }
  return `${what}: ${causes.join(', caused by ') || 'unknown error'}`
}

function nameAndCode(err: unknown): string {
  const { name, code } = err as { name?: unknown; code?: unknown }
  return [err instanceof Error ? word(name) : typeof err, word(code)].filter(Boolean).join(' ')
}

/** ECONNREFUSED, ERR_INVALID_URL, 406: words, not sentences. */
const word = (value: unknown): string => (/^[A-Za-z0-9_.-]{1,64}$/.test(String(value ?? '')) ? String(value) : '')
