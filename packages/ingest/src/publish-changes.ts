import type { UserId } from '@bg-ingest/domain'
import { withLease } from './lease.ts'
import type { Ports } from './ports.ts'
import { adoptAndPublish, publishNotices } from './publish.ts'

/** Publishes whatever of a person still waits for the broker. Answers whether something still does. */
export async function publishChanges(
  ports: Ports,
  userId: UserId,
  stop: AbortSignal,
): Promise<{ readonly pending: boolean }> {
  return withLease(ports, userId, stop, async (held) => {
    await adoptAndPublish(ports, held)
    const connection = await ports.accounts.connection(userId)
    const left = connection ? await publishNotices(ports, held, connection) : null
    const { committed, published } = held.progress
    return { pending: published < committed || (left?.notices.length ?? 0) > 0 }
  })
}
