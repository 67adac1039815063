import { toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aStoredReading } from '../../support/build.ts'
import { ALICE, anApi, BOB, type TestApi, WEBHOOK_SECRET } from './an-api.ts'

const BOARD = { password: 'of-the-operators', actions: false, queues: [] }
const basic = (password: string) => `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`

describe('api: audit', () => {
  let api: TestApi
  before(async () => {
    api = await anApi({ board: BOARD })
  })
  beforeEach(() => {
    api.settleAudit()
    api.reset()
  })
  after(() => api.close())

  const recorded = () => api.behind.audit
  const counted = () => {
    api.settleAudit()
    return recorded()
  }
  const sent = (requestId: string) => ({ headers: { 'x-request-id': requestId } })

  it('has on record who read what of whom, how often, and how many readings', async () => {
    const timestamp = toInstant(api.now() - 60_000)
    api.behind.readings = Array.from({ length: 3 }, (_, i) =>
      aStoredReading({ userId: ALICE, timestamp: toInstant(Date.parse(timestamp) - i * 300_000) }),
    )
    await api.ask('/api/bg/alice')
    await api.ask('/api/bg/alice?limit=2')
    await api.ask('/api/bg/alice?limit=all', { headers: { accept: 'text/csv' } })
    await api.ask('/api/bg/alice/latest', { token: await api.token('backend', ['bg:read', 'bg:any-user']) })
    expect(recorded(), 'nothing is written for each').to.deep.equal([])
    expect(counted()).to.deep.equal([
      {
        action: 'GET /api/bg/{userId}',
        actor: 'person:hash-of-alice',
        outcome: '200',
        object: 'hash-of-alice',
        count: 3,
        facts: { readings: 8 },
      },
      {
        action: 'GET /api/bg/{userId}/latest',
        actor: 'service:hash-of-backend',
        outcome: '200',
        object: 'hash-of-alice',
        count: 1,
      },
    ])
  })

  it('has what changes something on record before its answer leaves', async () => {
    let before = -1
    api.behind.readings = []
    const asked = api.ask('/api/bg/alice/sync', { method: 'POST', ...sent('r-1') }).then((answer) => {
      before = recorded().length
      return answer
    })
    expect((await asked).status).to.equal(202)
    expect(before).to.equal(1)
    expect(recorded()).to.deep.equal([
      {
        action: 'POST /api/bg/{userId}/sync',
        actor: 'person:hash-of-alice',
        outcome: '202',
        object: 'hash-of-alice',
        requestId: 'r-1',
      },
    ])
  })

  it('has on record who was refused what, also a caller without a token and a delivery without a proof', async () => {
    await api.ask('/api/bg/bob/latest', sent('r-2'))
    await api.ask('/api/bg/bob/latest', { token: null, ...sent('r-3') })
    await api.ask('/api/bg/bob/webhook', { method: 'POST', token: null, body: '{}', ...sent('r-4') })
    expect(
      recorded().map(({ action, actor, outcome, object, requestId }) => [action, actor, outcome, object, requestId]),
    ).to.deep.equal([
      ['GET /api/bg/{userId}/latest', 'other:hash-of-alice', '403', 'hash-of-bob', 'r-2'],
      ['GET /api/bg/{userId}/latest', 'anonymous', '401', 'hash-of-bob', 'r-3'],
      ['POST /api/bg/{userId}/webhook', 'anonymous', '401', 'hash-of-bob', 'r-4'],
    ])
  })

  it('has what an operator does on record, and whoever tries to be one', async () => {
    await api.ask('/admin/queues', { token: null, headers: { authorization: basic('guessed') } })
    await api.ask('/admin/queues/api/queues/bg-sync/7/retry', {
      method: 'PUT',
      token: null,
      headers: { authorization: basic(BOARD.password), 'x-request-id': 'r-5' },
    })
    expect(recorded().map(({ action, actor, outcome }) => [action, actor, outcome])).to.deep.equal([
      ['GET /admin/queues', 'anonymous', '401'],
      ['operator: retry job', 'operator', '403'],
    ])
    expect(recorded().at(-1)).to.deep.include({ requestId: 'r-5', facts: { queue: 'bg-sync', jobId: '7' } })
  })

  it('records nothing of probes, metrics and documentation, and nobody for an address that names none', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs']) await api.ask(path)
    expect(counted()).to.deep.equal([])
    await api.ask('/api/bg/%E0%A4%A/latest')
    await api.ask('/api/nothing')
    expect(counted().every(({ object }) => object === undefined)).to.equal(true)
  })

  it('never names a person, a token or a secret', async () => {
    await api.ask('/api/bg/alice?unit=alice')
    await api.ask(`/api/bg/${BOB}/sync`, { method: 'POST', body: { note: WEBHOOK_SECRET.toString('base64') } })
    const text = JSON.stringify(counted()).replaceAll(/hash-of-\w+/g, '')
    expect(text).to.not.match(/alice|bob|Bearer|eyJ/)
    expect(text).to.not.include(WEBHOOK_SECRET.toString('base64'))
  })
})
