import { AppError } from '@bg-ingest/domain'
import { scrub } from './redaction.ts'

/** Error -> our own error -> the library's -> the socket's: nothing real is longer. */
const MAX_CAUSES = 4
const MAX_FRAMES = 20

interface Options {
  readonly withFrames: boolean
}

/**
 * What of an error may be written: its name and code, HTTP status, and the message of an AppError alone. Everything
 * else stays out, since errors of HTTP clients carry requests and answers, and with them tokens (promises N8).
 */
export function errorFields(error: Error, options: Options, depth = 0): Record<string, unknown> {
  const { code, status, cause } = error as { code?: unknown; status?: unknown; cause?: unknown }
  return {
    name: identifier(error.name) ?? 'Error',
    ...(identifier(code) === null ? {} : { code: identifier(code) }),
    ...(typeof status === 'number' ? { status } : {}),
    ...(error instanceof AppError ? { message: scrub(error.message) } : {}),
    ...(options.withFrames ? { frames: framesOf(error) } : {}),
    ...(cause instanceof Error && depth < MAX_CAUSES ? { cause: errorFields(cause, options, depth + 1) } : {}),
  }
}

/** ECONNREFUSED, ERR_JWT_EXPIRED, PRECONDITION-FAILED, 406: words, not sentences. Null for anything else. */
const identifier = (value: unknown): string | null =>
  /^[A-Za-z0-9_.-]{1,64}$/.test(String(value)) && ['string', 'number'].includes(typeof value) ? String(value) : null

/** The lines of a stack that name a place in code; its first lines repeat the message and stay out. */
function framesOf({ message, stack = '' }: Error): readonly string[] {
  const lines = stack.replace(message, '').split('\n')
  return lines.flatMap((line) => /^ {4}at (.{1,300}:\d+:\d+\)?)$/.exec(line)?.[1] ?? []).slice(0, MAX_FRAMES)
}
