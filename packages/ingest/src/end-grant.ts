import { AppError, toInstant } from '@bg-ingest/domain'
import type { Connection } from './connection.ts'
import type { Held } from './lease.ts'
import type { Ports } from './ports.ts'
import { publishNotices } from './publish.ts'

/** The grant is dead: no further call until the person connects again, and one notice to tell. Throws `needs_reauth`. */
export async function endGrant(ports: Ports, held: Held, connection: Connection, reason: string): Promise<never> {
  const at = toInstant(ports.clock.now())
  const dead: Connection = {
    ...connection,
    status: 'needs_reauth',
    tokens: null,
    refusals: null,
    problem: {
      code: 'needs_reauth',
      detail: 'Dexcom no longer accepts the authorization; the person has to connect again.',
    },
    notices: [
      ...connection.notices,
      { id: ports.newId(), routingKey: 'connection.needs_reauth', region: connection.region, at, reason },
    ],
  }
  await ports.accounts.putConnection(dead, held.lease, connection.tokens ?? undefined)
  await publishNotices(ports, held, dead)
  throw new AppError('needs_reauth', 'Dexcom no longer accepts the authorization')
}
