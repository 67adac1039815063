import type { UserId } from '@bg-ingest/domain'
import { ERASING } from './erase-user.ts'
import { withLeaseWhenFree } from './lease.ts'
import { type FailedSync, failedSync, withFailedSync } from './notices.ts'
import type { Ports } from './ports.ts'

/**
 * Tells the world that a sync has given up. Where the broker does not take it, it is noted with the connection, and waits
 * there like every other notice. Throws where it can neither be told nor noted.
 */
export async function tellFailed(ports: Ports, userId: UserId, failed: FailedSync, stop: AbortSignal): Promise<void> {
  if ((await ports.publisher.publishInOrder([failedSync(userId, failed)])) > 0) return
  await withLeaseWhenFree(ports, userId, stop, async (held) => {
    const connection = await ports.accounts.connection(userId)
    // Of whoever is erased the world hears that, and nothing besides.
    if (!connection || connection.problem?.code === ERASING) return
    held.check()
    await ports.accounts.putConnection(withFailedSync(connection, failed), held.lease)
  })
}
