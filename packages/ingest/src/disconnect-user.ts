import { toInstant, type UserId } from '@bg-ingest/domain'
import { withLease } from './lease.ts'
import type { Ports } from './ports.ts'
import { adoptAndPublish, publishNotices } from './publish.ts'

export interface Disconnected {
  /** Whether the news of it waits for the broker. */
  readonly unpublished: boolean
}

/** Forgets the tokens and ends the connection; readings stay. Disconnecting again changes nothing and tells nobody. */
export async function disconnectUser(ports: Ports, userId: UserId, stop: AbortSignal): Promise<Disconnected> {
  return withLease(ports, userId, stop, async (held) => {
    await adoptAndPublish(ports, held)
    const connection = await ports.accounts.connection(userId)
    if (!connection) return { unpublished: false }
    if (connection.status === 'disconnected') return { unpublished: connection.notices.length > 0 }
    const at = toInstant(ports.clock.now())
    const ended = {
      ...connection,
      status: 'disconnected',
      tokens: null,
      problem: null,
      refusals: null,
      notices: [
        ...connection.notices,
        { id: ports.newId(), routingKey: 'connection.disconnected', region: connection.region, at, reason: null },
      ],
    } as const
    await ports.accounts.putConnection(ended, held.lease)
    const { notices } = await publishNotices(ports, held, ended)
    return { unpublished: notices.length > 0 }
  })
}
