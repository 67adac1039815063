import { gzipSync } from 'node:zlib'
import type { Reply } from '../exchange.ts'
import { wholeBody } from './delivery.ts'
import type { FaultActionOf } from './fault-actions.ts'

const MEGABYTE = 1024 * 1024

/** The first part of the true body, properly sent: JSON that ends in the middle. */
export function truncatedReply({ share }: FaultActionOf<'truncated'>, reply: Reply): Reply {
  const body = wholeBody(reply)
  return { ...reply, body: body.slice(0, Math.floor(body.length * share)) }
}

export const retypedReply = ({ contentType }: FaultActionOf<'content-type'>, reply: Reply): Reply => ({
  ...reply,
  headers: { ...reply.headers, 'content-type': contentType },
})

/** Each header of the true answer twice, and two that disagree. */
export function doubledHeadersReply(reply: Reply): Reply {
  const doubled = Object.entries(reply.headers ?? {}).map(([name, value]) => [name, [value, value].flat()])
  return { ...reply, headers: { ...Object.fromEntries(doubled), 'retry-after': ['1', '3600'], server: ['a', 'b'] } }
}

/** Other token fields than documented; an answer without tokens stays as it is. */
export function reshapedTokens(action: FaultActionOf<'token-shape'>, reply: Reply): Reply {
  if (reply.status !== 200) return reply
  const { expires_in, refresh_token, ...others } = JSON.parse(wholeBody(reply)) as Record<string, unknown>
  const fields = {
    ...others,
    ...(action.expiresIn === 'missing'
      ? {}
      : { expires_in: action.expiresIn === undefined ? expires_in : action.expiresIn }),
    ...(action.hasRefreshToken ? { refresh_token } : {}),
  }
  return { ...reply, body: JSON.stringify(fields) }
}

export const gzippedReply = (reply: Reply): Reply => ({
  ...reply,
  headers: { ...reply.headers, 'content-encoding': 'gzip', vary: 'accept-encoding' },
  body: gzipSync(wholeBody(reply)),
})

/** Valid JSON in the end, if anybody unpacks it: a wrapper around a sea of spaces, each megabyte of it a kilobyte. */
export function bombReply({ megabytes }: FaultActionOf<'gzip-bomb'>, reply: Reply): Reply {
  const [head, tail] = aroundTheEnd(wholeBody(reply))
  return {
    ...reply,
    headers: { ...reply.headers, 'content-encoding': 'gzip' },
    body: compressed(head, megabytes, tail),
  }
}

/** Gzip members may simply follow each other (RFC 1952, 2.2), so that the sea is compressed once. */
function* compressed(head: string, megabytes: number, tail: string): Generator<Buffer> {
  yield gzipSync(head)
  const member = gzipSync(Buffer.alloc(MEGABYTE, ' '))
  for (let i = 0; i < megabytes; i++) yield member
  yield gzipSync(tail)
}

/** The true answer with a field of so many megabytes in it. */
export function hugeReply({ megabytes }: FaultActionOf<'huge'>, reply: Reply): Reply {
  const [head, tail] = aroundTheEnd(wholeBody(reply))
  return { ...reply, body: padded(head, megabytes, tail) }
}

function* padded(head: string, megabytes: number, tail: string): Generator<string> {
  yield `${head},"padding":"`
  const piece = 'x'.repeat(MEGABYTE)
  for (let i = 0; i < megabytes; i++) yield piece
  yield `"${tail}`
}

/** A JSON object before and from its last brace on. */
function aroundTheEnd(body: string): readonly [string, string] {
  const end = body.lastIndexOf('}')
  return end < 0 ? [body, ''] : [body.slice(0, end), body.slice(end)]
}
