import { type EventData, type RoutingKey, type ServiceEvent, serviceEvent, toInstant, UserId } from '@bg-ingest/domain'

const AT = toInstant(Date.parse('2026-11-20T15:52:01.120Z'))
const userId = UserId.parse('alice')
const connection = { userId, region: 'default', at: AT }

const DATA: { readonly [K in RoutingKey]: EventData<K> } = {
  'readings.changed': {
    userId,
    fromSequence: 1234,
    toSequence: 1234,
    changes: [
      {
        sequence: 1234,
        kind: 'created',
        reading: {
          id: 'oruhjt_1XCkYhxh0xwO2w-',
          userId,
          timestamp: toInstant(Date.parse('2026-11-20T14:49:55Z')),
          localTime: '2026-11-20T09:49:55-05:00',
          glucose: 101,
          unit: 'mg/dL',
          bound: null,
          trend: 'flat',
          trendRate: 0.3,
          type: 'cgm',
          device: { transmitterId: '9a0c3662', generation: 'g7', display: 'iOS', app: 'G7' },
          sequence: 1234,
          revision: 1,
          receivedAt: AT,
        },
      },
    ],
  },
  'connection.connected': connection,
  'connection.needs_reauth': { ...connection, reason: 'invalid_grant' },
  'connection.disconnected': connection,
  'sync.failed': { userId, jobId: '5b1c2f0e-6c0f-4e67-9f3e-2f1a9f3f7a10_0', code: 'upstream_unavailable', at: AT },
  'user.erased': { userId, at: AT },
}

/** One event of each kind, as it goes over the wire. */
export const exampleOf = <K extends RoutingKey>(routingKey: K): ServiceEvent<K> =>
  serviceEvent({ routingKey, time: AT, identity: 'example', data: DATA[routingKey] })
