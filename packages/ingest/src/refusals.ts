import { AppError, epochMs, toInstant } from '@bg-ingest/domain'
import type { Connection } from './connection.ts'
import { endGrant } from './end-grant.ts'
import type { Held } from './lease.ts'
import type { Ports } from './ports.ts'
import { withProblem } from './problems.ts'
import { TOKEN_RULES } from './token-rules.ts'

const refusedFor = (retryAfterMs: number) =>
  new AppError('upstream_unauthorized', 'Dexcom refuses a token that it has just granted; it is tried again later', {
    retryAfterMs,
  })

/** No call while the next spaced try is not due. Throws `upstream_unauthorized`. */
export function restBetweenTries(ports: Ports, { refusals }: Connection): void {
  const waitMs = refusals === null ? 0 : epochMs(refusals.retryNotBefore) - ports.clock.now()
  if (waitMs > 0) throw refusedFor(atMostFirst(ports, waitMs))
}

/** Dexcom refused a fresh token: a pause that grows, and behind the last the end of the connection. Always throws. */
export async function noteRefusal(ports: Ports, held: Held, connection: Connection): Promise<never> {
  const { refusedMs } = ports.tokenRules ?? TOKEN_RULES
  const count = (connection.refusals?.count ?? 0) + 1
  const pauseMs = refusedMs[count - 1]
  if (pauseMs === undefined) return endGrant(ports, held, connection, 'unauthorized')
  const retryNotBefore = toInstant(ports.clock.now() + pauseMs)
  const resting = withProblem({ ...connection, refusals: { count, retryNotBefore } }, 'unauthorized')
  await ports.accounts.putConnection(resting, held.lease)
  if (count === 1) ports.observer.connectionProblem('unauthorized')
  throw refusedFor(atMostFirst(ports, pauseMs))
}

/** A job that rests keeps its place in the queue; it looks again at least this often, so that a new connection is not kept waiting. */
const atMostFirst = (ports: Ports, waitMs: number): number =>
  Math.min(waitMs, (ports.tokenRules ?? TOKEN_RULES).refusedMs[0] ?? waitMs)
