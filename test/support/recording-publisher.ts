import type { RoutingKey } from '@bg-ingest/domain'
import type { OutgoingEvent, Publisher } from '@bg-ingest/ingest'

export interface RecordingPublisher extends Publisher {
  /** What the broker has taken, repeats and all, in order. */
  readonly taken: OutgoingEvent[]
  ofKind<K extends RoutingKey>(routingKey: K): OutgoingEvent<K>['event'][]
  /** How many more events the broker takes; 0 is a broker that is away. */
  accept(count: number): void
}

/** A publisher that remembers, for a broker that can refuse. */
export function recordingPublisher(): RecordingPublisher {
  const taken: OutgoingEvent[] = []
  let room = Number.POSITIVE_INFINITY
  return {
    taken,
    ofKind: (routingKey) => taken.filter((sent) => sent.routingKey === routingKey).map(({ event }) => event as never),
    accept: (count) => {
      room = count
    },
    async publishInOrder(events) {
      const count = Math.min(room, events.length)
      taken.push(...events.slice(0, count))
      room -= count
      return count
    },
    state: () => (room > 0 ? 'connected' : 'connecting'),
  }
}
