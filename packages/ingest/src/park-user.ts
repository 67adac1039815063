import { toInstant, type UserId } from '@bg-ingest/domain'
import { withLease } from './lease.ts'
import type { Ports } from './ports.ts'

/** Code of the problem that a parked person's connection has. */
export const PARKED = 'parked'

const DETAIL = 'Fetching for this person ended the worker several times; it rests until somebody releases it.'

/**
 * Takes a person whose work ends its process again and again out of what runs by itself, so that everybody else goes on.
 * The connection stays. False where there is nobody to park: never connected, or not any more.
 */
export async function parkUser(ports: Ports, userId: UserId, stop: AbortSignal): Promise<boolean> {
  return withLease(ports, userId, stop, async (held) => {
    const connection = await ports.accounts.connection(userId)
    if (connection?.status !== 'connected') return false
    if (connection.parkedAt) return true
    held.check()
    const parkedAt = toInstant(ports.clock.now())
    const problem = { code: PARKED, detail: DETAIL }
    await ports.accounts.putConnection({ ...connection, parkedAt, problem }, held.lease)
    return true
  })
}
