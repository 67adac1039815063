import { serviceEvent, toInstant, UserId } from '@bg-ingest/domain'
import type { OutgoingEvent } from '@bg-ingest/events'

const AT = toInstant(Date.parse('2026-11-20T15:00:00Z'))

/** Ranges 1, 2, 3 … of one person, one change number each and no reading. */
export const someEvents = (count: number, user = 'alice'): OutgoingEvent<'readings.changed'>[] =>
  Array.from({ length: count }, (_, i) => ({
    routingKey: 'readings.changed',
    event: serviceEvent({
      routingKey: 'readings.changed',
      time: AT,
      identity: `${i + 1}-${i + 1}`,
      data: { userId: UserId.parse(user), fromSequence: i + 1, toSequence: i + 1, changes: [] },
    }),
  }))
