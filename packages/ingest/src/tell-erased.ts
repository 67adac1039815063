import { serviceEvent, type UserId } from '@bg-ingest/domain'
import type { Ports } from './ports.ts'
import type { Erasure } from './state.ts'

/** Tells the world of an erasure, always with the same id and time. False where the broker did not take it. */
export async function tellErased({ publisher }: Ports, userId: UserId, { id, at }: Erasure): Promise<boolean> {
  const data = { userId, at }
  const event = serviceEvent({ routingKey: 'user.erased', time: at, identity: id, data })
  return (await publisher.publishInOrder([{ routingKey: 'user.erased', event }])) > 0
}
