import { createHash } from 'node:crypto'
import * as z from 'zod'
import { CHANGES_PER_RANGE } from './change.ts'
import { Instant } from './instant.ts'
import { PublicChange } from './output.ts'
import { UserId } from './user-id.ts'

const ConnectionChange = z
  .strictObject({
    userId: UserId,
    region: z.string().meta({ description: "Dexcom's region of the account, as it is configured" }),
    at: Instant,
    reason: z.string().optional(),
  })
  .meta({ id: 'ConnectionChange' })

/** Every event this service publishes: routing key -> CloudEvents type and data (contract 5). */
export const EVENTS = {
  'readings.changed': {
    type: 'io.bg-ingest.readings.changed.v1',
    description:
      'Readings of a person changed: every change of the closed range of sequences, but for those that a later one superseded.',
    data: z.strictObject({
      userId: UserId,
      fromSequence: z.number().int().positive(),
      toSequence: z
        .number()
        .int()
        .positive()
        .meta({ description: 'The next message of this person starts one higher' }),
      changes: z.array(PublicChange).max(CHANGES_PER_RANGE),
    }),
  },
  'connection.connected': {
    type: 'io.bg-ingest.connection.connected.v1',
    description: 'A person has connected their Dexcom account; once for each connect.',
    data: ConnectionChange,
  },
  'connection.needs_reauth': {
    type: 'io.bg-ingest.connection.needs_reauth.v1',
    description: 'Dexcom no longer accepts the authorization: the person has to connect again.',
    data: ConnectionChange,
  },
  'connection.disconnected': {
    type: 'io.bg-ingest.connection.disconnected.v1',
    description: 'A person has disconnected; what is stored of them stays.',
    data: ConnectionChange,
  },
  'sync.failed': {
    type: 'io.bg-ingest.sync.failed.v1',
    description: 'A sync has given up after all of its tries.',
    data: z.strictObject({
      userId: UserId,
      jobId: z.string(),
      code: z.string().meta({ description: 'As in docs/errors.md' }),
      at: Instant,
    }),
  },
  'user.erased': {
    type: 'io.bg-ingest.user.erased.v1',
    description: 'Everything of a person was erased: delete what you hold of them. Their next sequence is 1 again.',
    data: z.strictObject({ userId: UserId, at: Instant }),
  },
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
