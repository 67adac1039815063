import { createHash } from 'node:crypto'
import * as z from 'zod'
import { Instant } from './instant.ts'
import { PublicChange } from './output.ts'
import { UserId } from './user-id.ts'

const ConnectionChange = z.strictObject({
  userId: UserId,
  region: z.string(),
  at: Instant,
  reason: z.string().optional(),
})

/** Every event this service publishes: routing key -> CloudEvents type and data (contract 5). */
export const EVENTS = {
  'readings.changed': {
    type: 'io.bg-ingest.readings.changed.v1',
    data: z.strictObject({
      userId: UserId,
      fromSequence: z.number().int(),
      toSequence: z.number().int(),
      changes: z.array(PublicChange),
    }),
  },
  'connection.connected': { type: 'io.bg-ingest.connection.connected.v1', data: ConnectionChange },
  'connection.needs_reauth': { type: 'io.bg-ingest.connection.needs_reauth.v1', data: ConnectionChange },
  'connection.disconnected': { type: 'io.bg-ingest.connection.disconnected.v1', data: ConnectionChange },
  'sync.failed': {
    type: 'io.bg-ingest.sync.failed.v1',
    data: z.strictObject({ userId: UserId, jobId: z.string(), code: z.string(), at: Instant }),
  },
  'user.erased': { type: 'io.bg-ingest.user.erased.v1', data: z.strictObject({ userId: UserId, at: Instant }) },
} as const

export type RoutingKey = keyof typeof EVENTS
export type EventData<K extends RoutingKey> = z.infer<(typeof EVENTS)[K]['data']>

/** CloudEvents 1.0, structured JSON. */
export interface ServiceEvent<K extends RoutingKey = RoutingKey> {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: '/bg-ingest'
  readonly type: (typeof EVENTS)[K]['type']
  readonly subject: UserId
  readonly time: Instant
  readonly datacontenttype: 'application/json'
  readonly data: EventData<K>
}

interface NewEvent<K extends RoutingKey> {
  readonly routingKey: K
  readonly time: Instant
  /** What makes this event itself and no other: the same identity gives the same id, also after a crash. */
  readonly identity: string
  readonly data: EventData<K>
}

/** Builds an event with an id that depends on its identity alone, so that a repeat after a crash is recognisable. */
export function serviceEvent<K extends RoutingKey>({ routingKey, time, identity, data }: NewEvent<K>): ServiceEvent<K> {
  const { type } = EVENTS[routingKey]
  const id = createHash('sha256').update(`${type}\n${data.userId}\n${identity}`).digest('base64url')
  return {
    specversion: '1.0',
    id,
    source: '/bg-ingest',
    type,
    subject: data.userId,
    time,
    datacontenttype: 'application/json',
    data,
  }
}
