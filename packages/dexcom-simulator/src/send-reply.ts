import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Reply } from './exchange.ts'

/**
 * Writes an answer. `beforeEnd` is called before its last byte leaves: a client that has the whole answer must find the
 * journal closed and itself no longer counted as under way.
 */
export async function sendReply(response: ServerResponse, reply: Reply, beforeEnd?: () => void): Promise<void> {
  response.writeHead(reply.status, reply.headers)
  if (reply.body === undefined || typeof reply.body === 'string' || Buffer.isBuffer(reply.body)) {
    beforeEnd?.()
    response.end(reply.body)
    return
  }
  // One piece ahead at most, so that a slow reader holds back the generator and memory stays flat.
  await pipeline(Readable.from(holdLast(reply.body, beforeEnd), { highWaterMark: 1 }), response)
}

function* holdLast<T>(pieces: Iterable<T>, beforeEnd?: () => void): Generator<T> {
  let held: T | null = null
  for (const piece of pieces) {
    if (held !== null) yield held
    held = piece
  }
  beforeEnd?.()
  if (held !== null) yield held
}
