import { appendFileSync } from 'node:fs'

/** Takes one line without its end. */
export type WriteLine = (line: string) => void

/**
 * Where audit records of a process go: the file, appended to and opened anew for each line, so that it may be rotated by
 * renaming; or `stdout` where there is none. Lines are handed to the system before the call returns, so that the end of this
 * process takes none with it. A full disk ends no service: `onFailed` is told, once for each stretch of failures. Throws where
 * the file cannot be written at the start.
 */
export function openAuditStream(
  file: string | null,
  { stdout, onFailed }: { readonly stdout: (text: string) => void; readonly onFailed: (error: unknown) => void },
): WriteLine {
  if (file === null) return (line) => stdout(`${line}\n`)
  // Health data is not in it, but who reads whom is nobody else's business.
  const append = (text: string) => appendFileSync(file, text, { mode: 0o600 })
  append('')
  let failing = false
  return (line) => {
    try {
      append(`${line}\n`)
      failing = false
    } catch (err) {
      if (!failing) onFailed(err)
      failing = true
    }
  }
}
