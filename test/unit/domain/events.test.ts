import { EVENTS, type RoutingKey, serviceEvent, toInstant, toPublicReading } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aStoredReading, aUserId } from '../../support/build.ts'

const time = toInstant(Date.parse('2026-11-20T15:00:00Z'))
const userId = aUserId()

const data = {
  'readings.changed': {
    userId,
    fromSequence: 1,
    toSequence: 1,
    changes: [{ sequence: 1, kind: 'created', reading: toPublicReading(aStoredReading({ userId, sequence: 1 })) }],
  },
  'connection.connected': { userId, region: 'default', at: time },
  'connection.needs_reauth': { userId, region: 'default', at: time, reason: 'invalid_grant' },
  'connection.disconnected': { userId, region: 'EU', at: time },
  'sync.failed': { userId, jobId: 'job', code: 'upstream_invalid', at: time },
  'user.erased': { userId, at: time },
} as const

describe('events', () => {
  for (const routingKey of Object.keys(EVENTS) as RoutingKey[])
    it(`${routingKey} is a CloudEvent whose data its schema accepts`, () => {
      const event = serviceEvent({ routingKey, time, identity: 'x', data: data[routingKey] as never })
      expect(event).to.deep.include({ specversion: '1.0', source: '/bg-ingest', subject: userId, time })
      expect(event.type).to.equal(`io.bg-ingest.${routingKey}.v1`)
      expect(EVENTS[routingKey].data.safeParse(JSON.parse(JSON.stringify(event.data)))).to.have.property(
        'success',
        true,
      )
    })

  const erased = (identity: string, user = userId, at = time) =>
    serviceEvent({ routingKey: 'user.erased', time: at, identity, data: { userId: user, at } })

  it('have an id that depends on person, type and identity, and on nothing else', () => {
    expect(erased('1', userId, toInstant(0)).id).to.equal(erased('1').id)
    expect(erased('2').id).not.to.equal(erased('1').id)
    expect(erased('1', aUserId()).id).not.to.equal(erased('1').id)
    const failed = serviceEvent({ routingKey: 'sync.failed', time, identity: '1', data: data['sync.failed'] })
    expect(failed.id).not.to.equal(erased('1').id)
  })

  it('carry nothing that the contract does not name', () => {
    const { data: schema } = EVENTS['readings.changed']
    const [change] = data['readings.changed'].changes
    const leaking = {
      ...data['readings.changed'],
      changes: [{ ...change, reading: { ...change.reading, recordId: 'r' } }],
    }
    expect(schema.safeParse(leaking).success).to.equal(false)
  })
})
