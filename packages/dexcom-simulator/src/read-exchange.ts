import type { IncomingMessage } from 'node:http'
import type { Exchange } from './exchange.ts'

/** Enough for a replayed year posted to /__sim/users; a token form takes a thousandth of it. */
const BODY_LIMIT_BYTES = 32 * 1024 * 1024

/** Reads a request whole. Null where the body is larger than the simulator takes or the target is no path. */
export async function readExchange(request: IncomingMessage): Promise<Exchange | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > BODY_LIMIT_BYTES) return null
    chunks.push(chunk)
  }
  const url = URL.parse(request.url ?? '', 'http://simulator')
  if (!url) return null
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    contentType: request.headers['content-type'] ?? '',
    authorization: request.headers.authorization ?? '',
    body: Buffer.concat(chunks).toString('utf8'),
  }
}
