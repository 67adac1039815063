import { AppError, serviceEvent, toInstant, type UserId } from '@bg-ingest/domain'
import { withLease } from './lease.ts'
import type { Ports } from './ports.ts'

export interface Erased {
  readonly readings: number
}

/**
 * Deletes everything stored of a person: the tokens first, so that nobody fetches again, then readings, log and
 * connection; last the state becomes a tombstone that keeps the fence and nothing else. Safe to repeat from any step.
 */
export async function eraseUser(ports: Ports, userId: UserId, stop: AbortSignal): Promise<Erased> {
  return withLease(ports, userId, stop, async (held) => {
    const connection = await ports.accounts.connection(userId)
    if (connection)
      await ports.accounts.putConnection(
        { ...connection, status: 'disconnected', tokens: null, problem: null, notices: [] },
        held.lease,
      )
    const readings = await ports.readings.eraseAll(userId, held.check)
    await ports.accounts.eraseLog(userId, held.check)
    await ports.digests?.forget(userId).catch(() => undefined)
    await tellErased(ports, userId)
    held.check()
    await ports.accounts.entomb(userId, held.lease)
    held.forget()
    return { readings }
  })
}

/** Told before the tombstone is set: an event that the broker did not take makes the whole erasure run again. */
async function tellErased({ publisher, clock }: Ports, userId: UserId): Promise<void> {
  if (publisher.state() === 'off') return
  const time = toInstant(clock.now())
  const event = serviceEvent({
    routingKey: 'user.erased',
    time,
    identity: time.slice(0, 10),
    data: { userId, at: time },
  })
  const taken = await publisher.publishInOrder([{ routingKey: 'user.erased', event }])
  if (taken === 0) throw new AppError('service_unavailable', 'The broker did not take the news of an erasure')
}
