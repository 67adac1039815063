import { AppError, type UserId } from '@bg-ingest/domain'
import { withLease } from './lease.ts'
import type { Ports } from './ports.ts'

/**
 * Plans the import of a person's history anew, over everything that Dexcom has: for readings that were lost, as by a
 * restore. What is stored as it should be costs no write. Throws `not_connected`.
 */
export async function restartHistory(ports: Ports, userId: UserId, stop: AbortSignal): Promise<void> {
  await withLease(ports, userId, stop, async (held) => {
    const connection = await ports.accounts.connection(userId)
    if (connection?.status !== 'connected') throw new AppError('not_connected', 'This person is not connected')
    // The digest of the last poll speaks of readings that may be gone.
    await ports.digests?.forget(userId).catch(() => undefined)
    held.check()
    const { history } = held.state
    await held.finish({ history: { ...history, state: 'running', from: null, to: null, through: null } })
  })
}
