import { AppError, type UserId } from '@bg-ingest/domain'
import type { Connection } from './connection.ts'
import { withLease } from './lease.ts'
import { PARKED } from './park-user.ts'
import type { Ports } from './ports.ts'

/** What is to be changed; what is left out stays. */
export interface ConfigureRequest {
  readonly userId: UserId
  /** The person's own interval; null for the service's. */
  readonly pollIntervalSeconds?: number | null | undefined
  /** False also releases a parked person. */
  readonly paused?: boolean | undefined
  /** Releases a parked person, and leaves a pause that was asked for. */
  readonly release?: boolean | undefined
}

/**
 * Changes how a person is polled, and tells the registry, also where nothing changes: that mends an entry that a crash
 * left behind. Throws `not_connected` for whoever is not connected.
 */
export async function configureUser(ports: Ports, request: ConfigureRequest, stop: AbortSignal): Promise<Connection> {
  const { userId } = request
  return withLease(ports, userId, stop, async (held) => {
    const before = await ports.accounts.connection(userId)
    held.check()
    if (before?.status !== 'connected') {
      await ports.accounts.register(userId, before, held.lease)
      throw new AppError('not_connected', 'This person is not connected to Dexcom')
    }
    const after = changed(before, request)
    // Before the connection: the registry may name somebody too many, but nobody too few.
    await ports.accounts.register(userId, after, held.lease)
    held.check()
    if (after !== before) await ports.accounts.putConnection(after, held.lease)
    return after
  })
}

function changed(before: Connection, { pollIntervalSeconds, paused, release }: ConfigureRequest): Connection {
  const released = (release === true || paused === false) && Boolean(before.parkedAt)
  if (pollIntervalSeconds === undefined && paused === undefined && !released) return before
  return {
    ...before,
    ...(pollIntervalSeconds === undefined ? {} : { pollIntervalSeconds }),
    ...(paused === undefined ? {} : { paused }),
    ...(released ? { parkedAt: null } : {}),
    ...(released && before.problem?.code === PARKED ? { problem: null } : {}),
  }
}
