import { once } from 'node:events'
import { createServer } from 'node:net'
import { startHealthServer } from '@bg-ingest/worker/parts'
import { expect } from 'chai'

type Needs = Parameters<typeof startHealthServer>[0]

describe('worker: health server', () => {
  let readiness: Awaited<ReturnType<Needs['readiness']>>
  let stopping = false
  let fault: Error | null = null
  let server: Awaited<ReturnType<typeof startHealthServer>>
  beforeEach(async () => {
    readiness = { ready: true, missing: [], degraded: [] }
    stopping = false
    fault = null
    server = await startHealthServer({
      port: 0,
      stopping: () => stopping,
      readiness: async () => {
        if (fault) throw fault
        return readiness
      },
      metrics: { text: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'bg_up 1\n' }) },
    })
  })
  afterEach(() => server.close())

  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`)
    const text = await answer.text()
    return { status: answer.status, type: answer.headers.get('content-type'), text }
  }
  const ready = async () => {
    const { status, text } = await ask('/readyz')
    return [status, JSON.parse(text)]
  }

  it('lives whatever is away', async () => {
    fault = new Error('away')
    expect(await ask('/healthz')).to.deep.equal({ status: 200, type: 'application/json', text: '{"status":"ok"}' })
  })

  it('is ready, degraded, unavailable, stopping', async () => {
    expect(await ready()).to.deep.equal([200, { status: 'ready', missing: [], degraded: [] }])
    readiness = { ready: true, missing: [], degraded: ['rabbitmq'] }
    expect(await ready()).to.deep.equal([200, { status: 'ready', missing: [], degraded: ['rabbitmq'] }])
    readiness = { ready: false, missing: ['redis'], degraded: [] }
    expect(await ready()).to.deep.equal([503, { status: 'unavailable', missing: ['redis'], degraded: [] }])
    readiness = { ready: true, missing: [], degraded: [] }
    stopping = true
    expect(await ready()).to.deep.equal([503, { status: 'stopping', missing: [], degraded: [] }])
  })

  it('serves the metrics, whatever stands behind the address', async () => {
    const metrics = { status: 200, type: 'text/plain; version=0.0.4', text: 'bg_up 1\n' }
    expect(await ask('/metrics')).to.deep.equal(metrics)
    expect(await ask('/metrics?x=1')).to.deep.equal(metrics)
  })

  it('knows nothing else, and tells nothing of a fault', async () => {
    for (const path of ['/', '/metrics/', '/%', '/readyz/x']) expect((await ask(path)).status, path).to.equal(404)
    fault = new Error('c4n4ry')
    expect(await ask('/readyz')).to.deep.equal({ status: 500, type: 'application/json', text: '{"status":"failed"}' })
  })

  it('refuses a port that is taken, instead of living without probes', async () => {
    const other = createServer().listen(0)
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const needs: Needs = {
      port,
      stopping: () => false,
      readiness: async () => readiness,
      metrics: { text: () => Promise.reject() },
    }
    const outcome = await startHealthServer(needs).catch((err: { code: string }) => err.code)
    expect(outcome).to.equal('EADDRINUSE')
    await once(other.close(), 'close')
  })

  it('closes although a client keeps its connection', async () => {
    await ask('/healthz')
    const second = await startHealthServer({
      port: 0,
      stopping: () => false,
      readiness: async () => readiness,
      metrics: { text: () => Promise.reject() },
    })
    await fetch(`http://127.0.0.1:${second.port}/healthz`)
    await second.close()
  })
})
