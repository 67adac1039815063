import { expect } from 'chai'
import { type ApiRedis, openApiRedis } from '../support/api-redis.ts'
import { until } from '../support/until.ts'
import { type ApiOptions, anApi, type TestApi } from '../unit/api/an-api.ts'

const LATEST = '/api/bg/alice/latest'
const SYNC = '/api/bg/alice/sync'
const perMinute = (limit: number) => ({ limit, windowMs: 60_000 })

describe('api: limits on a real Redis', function () {
  this.timeout(20_000)
  let redis: ApiRedis
  const apis: TestApi[] = []
  const open = async (options: ApiOptions) => {
    const api = await anApi({ counting: redis.counting, ...options })
    apis.push(api)
    return api
  }
  beforeEach(async () => {
    redis = await openApiRedis()
  })
  afterEach(async () => {
    await Promise.all(apis.splice(0).map((api) => api.close()))
    await redis.close()
  })

  const statuses = async (api: TestApi, calls: number, path = LATEST, ask = {}) => {
    const seen: number[] = []
    for (let call = 0; call < calls; call += 1) seen.push((await api.ask(path, ask)).status)
    return seen
  }

  it('counts a caller over all replicas, and says how much is left', async () => {
    const [one, other] = [
      await open({ rateLimits: { perUser: perMinute(4) } }),
      await open({ rateLimits: { perUser: perMinute(4) } }),
    ]
    expect(await statuses(one, 2)).to.deep.equal([404, 404])
    expect(await statuses(other, 2)).to.deep.equal([404, 404])
    const { status, json, headers } = await one.ask(LATEST)
    expect([status, json.code]).to.deep.equal([429, 'rate_limited'])
    expect(Number(headers['retry-after'])).to.be.within(1, 60)
    expect(headers.ratelimit).to.match(/"address"; r=\d+; t=\d+, "user"; r=0; t=\d+/)
    expect(headers['ratelimit-policy']).to.match(/"user"; q=4; w=60/)
    const bob = await other.token('bob')
    expect((await other.ask('/api/bg/bob/latest', { token: bob })).status).to.equal(404)
  })

  it('writes count with reads', async () => {
    const api = await open({ rateLimits: { perUser: perMinute(2) } })
    expect((await api.ask(SYNC, { method: 'POST' })).status).to.equal(202)
    expect(await statuses(api, 2)).to.deep.equal([404, 429])
    expect((await api.ask(SYNC, { method: 'POST' })).status).to.equal(429)
  })

  it('counts an address before it looks at tokens, but not probes and metrics', async () => {
    const api = await open({ rateLimits: { perIp: perMinute(3) } })
    expect(await statuses(api, 4, '/nowhere', { token: null })).to.deep.equal([404, 404, 404, 429])
    expect(await statuses(api, 1)).to.deep.equal([429])
    for (const path of ['/healthz', '/readyz', '/metrics']) expect((await api.ask(path)).status, path).to.equal(200)
  })

  it('answers refused tokens beyond a hundredth of the address limit with 429, and good ones as ever', async () => {
    const api = await open({ rateLimits: { perIp: perMinute(300) } })
    expect(await statuses(api, 4, LATEST, { token: 'x.y.z' })).to.deep.equal([401, 401, 401, 429])
    expect(await statuses(api, 1)).to.deep.equal([404])
  })

  it('takes the address from as many proxies as it trusts, and no more', async () => {
    const trusting = await open({ trustProxy: 1, rateLimits: { perIp: perMinute(2) } })
    const from = (list: string) => ({ headers: { 'x-forwarded-for': list } })
    for (const forged of ['9.9.9.1', '9.9.9.2'])
      expect(await statuses(trusting, 1, LATEST, from(`${forged}, 203.0.113.7`)), forged).to.deep.equal([404])
    expect(await statuses(trusting, 1, LATEST, from('9.9.9.3, 203.0.113.7'))).to.deep.equal([429])
    expect(await statuses(trusting, 1, LATEST, from('203.0.113.8'))).to.deep.equal([404])
    const distrusting = await open({ rateLimits: { perIp: perMinute(2) } })
    expect(await statuses(distrusting, 1, LATEST, from('1.1.1.1'))).to.deep.equal([404])
    expect(await statuses(distrusting, 2, LATEST, from('2.2.2.2'))).to.deep.equal([404, 429])
  })

  it('takes a /56 of IPv6 for one address', async () => {
    const api = await open({ trustProxy: 1, rateLimits: { perIp: perMinute(2) } })
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
    expect(await statuses(api, 1, LATEST, from('2001:db8:0:1::1'))).to.deep.equal([404])
    expect(await statuses(api, 1, LATEST, from('2001:db8:0:ff::2'))).to.deep.equal([404])
    expect(await statuses(api, 1, LATEST, from('2001:db8:0:7:9::3'))).to.deep.equal([429])
    expect(await statuses(api, 1, LATEST, from('2001:db8:0:100::1'))).to.deep.equal([404])
  })

  it('keeps no name in Redis, and nothing beyond the window', async () => {
    const api = await open({})
    await api.ask(LATEST)
    await until('both are counted', async () => (await redis.bench.redis.keys('bg:limit:*')).length === 2)
    const keys = await redis.bench.redis.keys('bg:limit:*')
    for (const key of keys) {
      expect(key).not.to.include('alice').and.not.include('127.0.0.1')
      expect(await redis.bench.redis.pttl(key)).to.be.within(1, 60_000)
    }
  })

  it('goes on without Redis: reads limited here, writes 503; and limits together again after it', async () => {
    const api = await open({ rateLimits: { perUser: perMinute(3) } })
    expect(await statuses(api, 1)).to.deep.equal([404])
    const { port } = new URL(redis.server.url)
    await redis.server.stop()
    await until('the loss is noticed', () => !redis.counting.ready())
    expect(await statuses(api, 3), 'reads, counted on from what was known').to.deep.equal([404, 404, 429])
    const write = await api.ask(SYNC, { method: 'POST' })
    expect([write.status, write.json.code, write.headers['retry-after']]).to.deep.equal([
      503,
      'service_unavailable',
      '1',
    ])
    expect(api.behind.requested).to.deep.equal([])

    const again = await redis.restart(Number(port))
    await until('redis is back', redis.counting.ready, 10_000)
    expect((await api.ask(SYNC, { method: 'POST' })).status, 'what was read meanwhile counts').to.equal(429)
    const bob = { method: 'POST', token: await api.token('bob') }
    expect((await api.ask('/api/bg/bob/sync', bob)).status, 'writes pass again').to.equal(202)
    await until('reads are counted on it', async () => {
      await api.ask(LATEST)
      return (await redis.bench.redis.keys('bg:limit:user:*')).length === 2
    })
    expect(again.pid).to.be.greaterThan(0)
  })

  it('starts without Redis and limits from when it is there', async () => {
    let ready = false
    const counting = { ...redis.counting, ready: () => ready }
    const api = await open({ counting, rateLimits: { perUser: perMinute(3) } })
    expect((await api.ask(SYNC, { method: 'POST' })).status, 'not done, not counted').to.equal(503)
    expect(await statuses(api, 1)).to.deep.equal([404])
    ready = true
    expect((await api.ask(SYNC, { method: 'POST' })).status).to.equal(202)
    expect((await api.ask(SYNC, { method: 'POST' })).status).to.equal(202)
    expect((await api.ask(SYNC, { method: 'POST' })).status).to.equal(429)
  })

  it('begins anew where Redis failed just as counting began', async () => {
    let failures = 2
    const call: typeof redis.counting.call = async (...command) => {
      if (failures-- > 0) throw new Error('LOADING Redis is loading the dataset in memory')
      return redis.counting.call(...command)
    }
    const api = await open({ counting: { ready: () => true, call }, rateLimits: { perIp: perMinute(1_000_000) } })
    expect((await api.ask(SYNC, { method: 'POST' })).status).to.equal(503)
    await until('writes pass', async () => (await api.ask(SYNC, { method: 'POST' })).status === 202)
  })

  it('counts many calls in one round trip, and lets through a hundredth of the limit for each replica too many', async () => {
    let trips = 0
    const call: typeof redis.counting.call = (...command) => {
      trips += 1
      return redis.counting.call(...command)
    }
    const counting = { ...redis.counting, call }
    const limit = 300
    const replicas = [await open({ counting, rateLimits: { perUser: perMinute(limit) } })]
    for (let more = 1; more < 3; more += 1)
      replicas.push(await open({ counting, rateLimits: { perUser: perMinute(limit) } }))
    const seen = await Promise.all(replicas.map((api) => statuses(api, 200)))
    const passed = seen.flat().filter((status) => status === 404).length
    expect(passed).to.be.within(limit, limit * (1 + replicas.length / 100) + replicas.length)
    // Two counts a call, 600 calls: one trip each is what it took before.
    expect(trips, 'round trips').to.be.below(300)
  })

  it('lets a frozen Redis cost one read a tenth of a second, and the next ones nothing', async () => {
    const api = await open({})
    expect(await statuses(api, 1)).to.deep.equal([404])
    process.kill(redis.server.pid, 'SIGSTOP')
    try {
      const startedAt = performance.now()
      expect(await statuses(api, 10)).to.deep.equal(Array(10).fill(404))
      expect(performance.now() - startedAt).to.be.below(1_000)
      const askedAt = performance.now()
      expect((await api.ask(SYNC, { method: 'POST' })).status).to.equal(503)
      expect(performance.now() - askedAt).to.be.below(1_500)
    } finally {
      process.kill(redis.server.pid, 'SIGCONT')
    }
  })
})
