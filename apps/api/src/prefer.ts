import { AppError } from '@bg-ingest/domain'

const MAX_WAIT_SECONDS = 30

/**
 * Seconds of `Prefer: wait=N` (RFC 7240); 0 without it. Preferences we do not know are ignored, as the RFC asks; a wait
 * that is no number from 0 to 30 is refused, because silently shortening it would break the caller's own timeout.
 */
export function preferredWaitSeconds(header: string | undefined): number {
  const wait = header
    ?.split(/[,;]/)
    .map((preference) => preference.trim())
    .find((preference) => /^wait\s*=/i.test(preference))
  if (wait === undefined) return 0
  const value = wait
    .slice(wait.indexOf('=') + 1)
    .trim()
    .replace(/^"(.*)"$/, '$1')
  if (!/^\d{1,3}$/.test(value) || Number(value) > MAX_WAIT_SECONDS)
    throw new AppError('invalid_request', `Prefer: wait takes 0 to ${MAX_WAIT_SECONDS} seconds`, {
      errors: [{ pointer: 'Prefer', detail: `wait must be a whole number from 0 to ${MAX_WAIT_SECONDS}` }],
    })
  return Number(value)
}
