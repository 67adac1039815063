import { toInstant, type UserId } from '@bg-ingest/domain'
import { withLease } from './lease.ts'
import type { Ports } from './ports.ts'
import { adoptAndPublish, publishNotices } from './publish.ts'

/** Forgets the tokens and ends the connection; readings stay. Disconnecting again changes nothing and tells nobody. */
export async function disconnectUser(ports: Ports, userId: UserId, stop: AbortSignal): Promise<void> {
  await withLease(ports, userId, stop, async (held) => {
    await adoptAndPublish(ports, held)
    const connection = await ports.accounts.connection(userId)
    if (!connection || connection.status === 'disconnected') return
    const at = toInstant(ports.clock.now())
    const ended = {
      ...connection,
      status: 'disconnected',
      tokens: null,
      problem: null,
      notices: [
        ...connection.notices,
        { id: ports.newId(), routingKey: 'connection.disconnected', region: connection.region, at, reason: null },
      ],
    } as const
    await ports.accounts.putConnection(ended, held.lease)
    await publishNotices(ports, held, ended)
  })
}
