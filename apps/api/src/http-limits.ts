import { once } from 'node:events'
import type { Server, ServerOptions } from 'node:http'

/**
 * Node's own limits suit no public gateway: five minutes for a request, one for its headers, looked at twice a minute
 * (promises.md S-E). With these whoever sends a byte a second is cut off after ten seconds. A wait for an answer
 * (`Prefer: wait=30`) is no part of it: the request has been received by then.
 */
export const listenLimits: ServerOptions = {
  requestTimeout: 9_000,
  headersTimeout: 9_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16_384,
}

/**
 * Requests of one connection: then it is closed behind its answer, so that callers who keep theirs for ever move over to
 * replicas that have come since. A client reconnects once in so many calls, which costs each a ten-thousandth of a handshake.
 */
export const REQUESTS_PER_CONNECTION = 10_000

/** After readiness went down, load balancers need a moment to notice; until then we go on serving. */
const LINGER_MS = 1_000
const IDLE_CHECK_MS = 50

/** Stops taking connections, lets requests that run end, closes idle ones; bounded by the grace. */
export async function stopServing(server: Server, graceMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.min(LINGER_MS, graceMs / 4)))
  const closed = once(server, 'close')
  server.close()
  // Again and again: a connection is idle only once its answer is out, and callers keep it open for the next request.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
  const cut = setTimeout(() => server.closeAllConnections(), graceMs / 2)
  await closed
  clearInterval(idle)
  clearTimeout(cut)
}
