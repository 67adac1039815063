import type { OutgoingEvent, Publisher } from '@bg-ingest/ingest'
import type { Wire } from './memory-store.ts'

export interface Broker {
  readonly taken: OutgoingEvent[]
  /** How many more messages it takes. */
  room: number
  publisher(wire: Wire): Publisher
}

export function aBroker(): Broker {
  const broker: Broker = {
    taken: [],
    room: Number.POSITIVE_INFINITY,
    publisher: (wire) => ({
      publishInOrder: (events) =>
        wire('publish', () => {
          const count = Math.min(broker.room, events.length)
          broker.taken.push(...events.slice(0, count))
          broker.room -= count
          return count
        }),
      state: () => 'connected',
    }),
  }
  return broker
}
