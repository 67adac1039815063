import { namedTags } from './etag.ts'

// Milliseconds to the base of 36: eight characters until the year 2059.
const TAG = /^"([\w-]{27})\.([0-9a-z]{1,10})"$/

/**
 * The tag of an answer that will not stay the same for ever although nothing is written: its end is part of it. Who makes
 * one up is told that what they hold is good, and nothing else.
 */
export const expiringTag = (etag: string, untilMs: number): string => `${etag.slice(0, -1)}.${untilMs.toString(36)}"`

/** The tag among those that a caller holds that says the same as `etag` and has not expired. */
export function unexpiredTag(etag: string, ifNoneMatch: string | undefined, nowMs: number): string | undefined {
  return namedTags(ifNoneMatch).find((tag) => {
    const [, body, until = ''] = TAG.exec(tag) ?? []
    return `"${body}"` === etag && nowMs < Number.parseInt(until, 36)
  })
}
