import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningBackend, startRedis } from '@bg-ingest/local-stack'
import { expect } from 'chai'
import { call } from '../support/e2e-client.ts'
import { type AppName, spawnApp } from '../support/e2e-process.ts'
import { aPerson, type System, startSystem, untilHistoryIs } from '../support/e2e-system.ts'
import { until } from '../support/until.ts'

/** SHUTDOWN_GRACE_SECONDS of every system here. */
const GRACE_MS = 5_000
/** A caller waits no longer for a queue that is away. */
const QUEUE_AWAY_WITHIN_MS = 1_500
const SLOW_MS = 1_500

describe('Start, health and end of the processes', function () {
  this.timeout(60_000)
  let dir: string
  let redis: RunningBackend
  let system: System
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bg-e2e-redis-'))
    redis = await startRedis({ env: process.env, dir })
    system = await startSystem({
      name: 'start',
      workers: 1,
      variables: { REDIS_URL: redis.url },
      simulator: {
        users: ['slow', 'reader'].map((name) => ({
          name,
          kind: 'generated' as const,
          profile: 'quiet' as const,
          historyDays: 1,
        })),
      },
    })
  })
  after(async () => {
    await system.stop()
    await redis.stop()
    await rm(dir, { recursive: true, force: true })
  })

  const bad: readonly (readonly [AppName, Readonly<Record<string, string>>])[] = [
    ['api', { JWT_SECRET: '' }],
    ['api', { JWT_SECRET: 'much-too-short' }],
    ['api', { ENCRYPTION_KEYS: '' }],
    ['api', { ENCRYPTION_KEYS: 'k1:bm90LTMyLWJ5dGVz' }],
    ['api', { PORT: '70000' }],
    ['worker', { ENCRYPTION_KEYS: '' }],
    ['worker', { DEXCOM_CLIENT_SECRET: '' }],
    ['worker', { WORKER_PORT: '-1' }],
    ['worker', { REDIS_URL: 'http://user:secret-of-redis@nowhere' }],
    ['worker', { DEXCOM_CLIENT_SECRET: '', POLL_INTERVAL_SECONDS: 'often', LOG_LEVEL: 'loud' }],
  ]
  for (const [app, wrong] of bad)
    it(`${app}: refuses ${JSON.stringify(wrong)}, naming the variable and no value`, async () => {
      const variables = { ...system.variables, PORT: '0', WORKER_PORT: '0', ...wrong }
      const refused = spawnApp(app, variables)
      const { code, signal } = await refused.exited()
      expect([code === 0, signal]).to.deep.equal([false, null])
      const output = refused.output()
      for (const name of Object.keys(wrong)) expect(output).to.include(name)
      expect(output).to.not.match(/listening|worker ready/)
      const secrets = ['JWT_SECRET', 'ENCRYPTION_KEYS', 'DEXCOM_CLIENT_SECRET', 'WEBHOOK_SECRETS', 'OPERATOR_PASSWORD']
      const values = [...Object.values(wrong), ...secrets.map((name) => variables[name as keyof typeof variables])]
      for (const value of values) if (value) expect(output).to.not.include(value)
    })

  it('both tell that they live, that they are ready, and what they measure', async () => {
    for (const { url } of [system.api, ...system.workers]) {
      const [alive, ready, metrics] = await Promise.all(
        ['/healthz', '/readyz', '/metrics'].map((path) => call(`${url}${path}`, 'GET')),
      )
      expect([alive?.status, alive?.json]).to.deep.equal([200, { status: 'ok' }])
      expect([ready?.status, ready?.json]).to.deep.equal([200, { status: 'ready', missing: [], degraded: [] }])
      expect(metrics?.headers.get('content-type')).to.match(/^text\/plain/)
      for (const name of ['process_cpu_seconds_total', 'bg_dynamodb_consumed_units_total'])
        expect(metrics?.text, name).to.include(`# TYPE ${name} counter`)
    }
  })

  it('their metrics name no person and no address', async () => {
    const person = await system.connect(aPerson('named'), 'reader')
    await untilHistoryIs('complete', person)
    for (const { url } of [system.api, ...system.workers]) {
      const { text } = await call(`${url}/metrics`, 'GET')
      expect(text).to.not.include(person.userId)
      expect(text).to.not.include(system.simulator.baseUrl)
      expect(text).to.match(/_duration_seconds_count\{[^}]+\} [1-9]/)
    }
    const logs = [system.api, ...system.workers].map((app) => app.output()).join('')
    expect(logs).to.not.include(person.userId)
    expect(logs).to.not.include(person.token)
  })

  it('reads go on without Redis, the rest is refused at once, and all comes back with it', async () => {
    const person = await system.connect(aPerson('reader'), 'reader')
    await untilHistoryIs('complete', person)
    const { port } = redis
    process.kill(redis.pid, 'SIGKILL')
    await redis.stop()

    const ready = async (url: string) => (await call(`${url}/readyz`, 'GET')).json
    await until('the API is degraded', async () => (await ready(system.apiUrl)).degraded.includes('redis'))
    const { status, json } = await call(`${system.apiUrl}/readyz`, 'GET')
    expect([status, json]).to.deep.equal([200, { status: 'ready', missing: [], degraded: ['redis'] }])
    const [worker] = system.workers
    await until(
      'the worker is not ready',
      async () => (await ready(worker?.url ?? '')).status === 'unavailable',
      10_000,
    )
    const workerAnswer = await call(`${worker?.url}/readyz`, 'GET')
    expect([workerAnswer.status, workerAnswer.json.missing]).to.deep.equal([503, ['redis']])
    expect((await call(`${worker?.url}/healthz`, 'GET')).status, 'nobody restarts it').to.equal(200)

    for (const path of ['/latest', '?limit=10', '/connection'])
      expect((await person.call('GET', path)).status, path).to.equal(200)
    for (const [method, path] of [
      ['POST', '/sync'],
      ['GET', '/sync/no-such-job_0'],
      ['POST', '/connection'],
      ['DELETE', '/connection'],
    ] as const) {
      const askedAt = performance.now()
      const answer = await person.call(method, path)
      expect(performance.now() - askedAt, `${method} ${path}`).to.be.below(QUEUE_AWAY_WITHIN_MS)
      expect([answer.status, answer.json.code], `${method} ${path}`).to.deep.equal([503, 'service_unavailable'])
      expect(Number(answer.headers.get('retry-after'))).to.be.within(1, 60)
    }

    redis = await startRedis({ env: process.env, dir, port })
    await until('the API is whole', async () => (await ready(system.apiUrl)).degraded.length === 0, 15_000)
    const sync = async () => (await person.call('POST', '/sync', { headers: { prefer: 'wait=10' } })).json.status
    await until('a sync runs again', async () => (await sync()) === 'completed', 30_000)
  })

  it('an API ends within its grace, and answers who is waiting first', async () => {
    const person = await system.connect(aPerson('slow'), 'slow')
    await untilHistoryIs('complete', person)
    await system.sim('POST', 'faults', { endpoint: 'egvs', user: 'slow', count: 1, delayMs: SLOW_MS })
    const waiting = person.call('POST', '/sync', { headers: { prefer: 'wait=10' } })
    await until('Dexcom is asked', async () => (await system.sim('GET', 'faults')).faults.length === 0)
    const askedAt = performance.now()
    system.api.kill('SIGTERM')
    expect(await system.api.exited()).to.deep.equal({ code: 0, signal: null })
    expect(performance.now() - askedAt).to.be.below(GRACE_MS)
    expect([(await waiting).status, (await waiting).json.status]).to.deep.equal([200, 'completed'])
  })

  it('a worker ends within its grace', async () => {
    const [worker] = system.workers
    const askedAt = performance.now()
    worker?.kill('SIGTERM')
    expect(await worker?.exited(), worker?.output()).to.deep.equal({ code: 0, signal: null })
    expect(performance.now() - askedAt).to.be.below(GRACE_MS)
  })
})
