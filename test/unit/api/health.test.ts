import { expect } from 'chai'
import { anApi, type TestApi } from './an-api.ts'

describe('api: probes and metrics', () => {
  let api: TestApi
  beforeEach(async () => {
    api = await anApi()
  })
  afterEach(() => api.close())

  const ready = async () => {
    const { status, json } = await api.ask('/readyz', { token: null })
    return [status, json]
  }

  it('lives whatever is away', async () => {
    api.behind.readiness = { ready: false, missing: ['dynamodb'], degraded: ['redis'] }
    const { status, json } = await api.ask('/healthz', { token: null })
    expect([status, json]).to.deep.equal([200, { status: 'ok' }])
  })

  it('is ready, degraded, unavailable', async () => {
    expect(await ready()).to.deep.equal([200, { status: 'ready', missing: [], degraded: [] }])
    api.behind.readiness = { ready: true, missing: [], degraded: ['redis'] }
    expect(await ready()).to.deep.equal([200, { status: 'ready', missing: [], degraded: ['redis'] }])
    api.behind.readiness = { ready: false, missing: ['dynamodb'], degraded: ['redis'] }
    expect(await ready()).to.deep.equal([503, { status: 'unavailable', missing: ['dynamodb'], degraded: ['redis'] }])
  })

  it('is not ready from the first signal on, and goes on serving', async () => {
    api.stopping()
    expect(await ready()).to.deep.equal([503, { status: 'stopping', missing: [], degraded: [] }])
    expect((await api.ask('/healthz')).status).to.equal(200)
    expect((await api.ask('/api/bg/alice/connection')).status).to.equal(200)
  })

  it('measures by the pattern of a route: no id, no address in a label', async () => {
    await api.ask('/api/bg/alice/latest')
    await api.ask('/api/bg/alice?limit=5')
    await api.ask('/some/where/else')
    await api.ask(`/oauth/start/${'s'.repeat(43)}`)
    const { status, headers, text } = await api.ask('/metrics', { token: null })
    expect([status, headers['content-type']]).to.deep.equal([200, 'text/plain; version=0.0.4; charset=utf-8'])
    const count = (route: string, code: number) =>
      `http_request_duration_seconds_count{method="GET",route="${route}",status="${code}"} 1`
    expect(text).to.include(count('/api/bg/{userId}/latest', 404))
    expect(text).to.include(count('/api/bg/{userId}', 200))
    expect(text).to.include(count('/oauth/start/{ticket}', 400))
    expect(text).to.include(count('unmatched', 404))
    for (const part of ['alice', '/where', 'sssss']) expect(text).not.to.include(part)
    expect(api.behind.log.join('')).not.to.include('alice')
  })
})
