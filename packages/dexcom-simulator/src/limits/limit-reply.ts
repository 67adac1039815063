import type { Reply } from '../exchange.ts'
import type { LimitOptions } from './limit-options.ts'

/** The 429 of an application that called too often, in the shape that is asked for (all of them are unknown at Dexcom). */
export function limitReply(options: LimitOptions, waitMs: number): Reply {
  const retryAfter = retryAfterOf(options, waitMs)
  const { contentType, body } = BODIES[options.body]
  return {
    status: 429,
    headers: {
      ...(contentType === null ? {} : { 'content-type': contentType }),
      ...(retryAfter === null ? {} : { 'retry-after': retryAfter }),
    },
    body,
  }
}

const BODIES = {
  empty: { contentType: null, body: '' },
  html: {
    contentType: 'text/html',
    body: '<html><head><title>429</title></head><body><h1>Too Many Requests</h1></body></html>',
  },
  json: { contentType: 'application/json', body: '{"message":"API rate limit exceeded"}' },
} as const

function retryAfterOf({ retryAfter, absurdRetryAfter }: LimitOptions, waitMs: number): string | null {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  switch (retryAfter) {
    case 'none':
      return null
    case 'seconds':
      return String(seconds)
    case 'date':
      return new Date(Date.now() + seconds * 1000).toUTCString()
    case 'absurd':
      return absurdRetryAfter
    default:
      return retryAfter satisfies never
  }
}
