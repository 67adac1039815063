import { expect } from 'chai'
import { type ApiRedis, openApiRedis, SEALED_CODE } from '../support/api-redis.ts'
import { until } from '../support/until.ts'
import { anApi, type TestApi } from '../unit/api/an-api.ts'

const BOARD = '/admin/queues'
const PASSWORD = 'the-operators-password:with-a-colon'
const OWN_COOKIE = 'bg_board=1'

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

describe("api: the operators' board", () => {
  let redis: ApiRedis
  let api: TestApi
  let showing: TestApi
  beforeEach(async () => {
    redis = await openApiRedis()
    const board = { ...redis.board, password: PASSWORD }
    api = await anApi({ board: { ...board, actions: true }, counting: redis.counting })
    showing = await anApi({ board: { ...board, actions: false }, counting: redis.counting })
  })
  afterEach(async () => {
    await Promise.all([api.close(), showing.close()])
    await redis.close()
  })

  const authorization = basic('operator', PASSWORD)
  const own = (to: TestApi) => ({ authorization, origin: `http://127.0.0.1:${to.port}`, cookie: OWN_COOKIE })
  const look = (path: string, headers: Record<string, string> = { authorization }) =>
    api.ask(`${BOARD}${path}`, { token: null, headers })
  const act = (to: TestApi, path: string, headers: Record<string, string> = own(to), method = 'PUT') =>
    to.ask(`${BOARD}${path}`, { token: null, method, headers })
  const lines = (of: TestApi, message: string) =>
    of.behind.log.map((line) => JSON.parse(line)).filter((line) => line.message === message)

  it('asks for a password, on every path and with every method', async () => {
    for (const path of ['', '/', '/api/queues', '/static/js/main.js', '/nothing', '/queue/bg-sync'])
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const { status, headers } = await api.ask(`${BOARD}${path}`, { token: null, method })
        expect([status, headers['www-authenticate']], `${method} ${path}`).to.deep.equal([
          401,
          'Basic realm="bg-ingest operators", charset="UTF-8"',
        ])
      }
  })

  it('takes the one user with the one password, and no bearer token', async () => {
    expect((await look('')).status).to.equal(200)
    const refused = [
      basic('admin', PASSWORD),
      basic('operator', `${PASSWORD} `),
      basic('operator', ''),
      basic('', PASSWORD),
      'Basic %%%',
      `Bearer ${await api.token('alice')}`,
    ]
    for (const header of refused) expect((await look('', { authorization: header })).status, header).to.equal(401)
    expect(lines(api, 'operator login refused')).to.have.length(refused.length)
    expect(api.behind.log.join('')).not.to.include(PASSWORD)
  })

  it('shuts the door after ten wrong passwords a minute, for the right one too', async () => {
    const wrong = () => look('', { authorization: basic('operator', 'guess') })
    for (let guess = 1; guess <= 10; guess += 1) expect((await wrong()).status).to.equal(401)
    const { status, json, headers } = await wrong()
    expect([status, json.code]).to.deep.equal([429, 'rate_limited'])
    expect(Number(headers['retry-after'])).to.be.within(1, 60)
    expect((await look('')).status).to.equal(429)
  })

  it('is kept by no cache, framed by nobody and loads from nowhere else', async () => {
    const { headers } = await look('')
    expect(headers['cache-control']).to.equal('no-store')
    expect(headers['content-security-policy'])
      .to.include("default-src 'none'")
      .and.include("style-src 'self'")
      .and.include("font-src 'self'")
      .and.include("frame-ancestors 'none'")
    expect(headers).not.to.have.property('x-powered-by')
    expect(headers['set-cookie']?.[0]).to.equal('bg_board=1; Path=/admin/queues; HttpOnly; SameSite=Strict')
  })

  it('shows the ids of a job and hides the rest, in every list', async () => {
    const { jobId } = await redis.failedJob()
    for (const path of ['/api/queues?activeQueue=bg-connection', `/api/queues/bg-connection/${jobId}`]) {
      const { status, text } = await look(path)
      expect(status).to.equal(200)
      expect(text).to.include('alice').and.include('(hidden)').and.not.include(SEALED_CODE)
    }
  })

  it('does what an operator may do, and puts it on record', async () => {
    const { jobId, runs } = await redis.failedJob()
    expect((await act(api, `/api/queues/bg-connection/${jobId}/retry`)).status).to.equal(204)
    await until('the job ran again', () => runs() === 2)
    const job = await redis.bench.queues['bg-connection'].getJob(jobId)
    await until('it failed again', async () => (await job?.getState()) === 'failed')
    const removed = await act(api, `/api/queues/bg-connection/${jobId}/clean`)
    expect(removed.status).to.equal(204)
    const [retry, remove, ...more] = lines(api, 'operator action')
    expect(retry).to.deep.include({
      actor: 'operator',
      action: 'retry job',
      queue: 'bg-connection',
      jobId,
      status: 204,
    })
    expect(remove).to.deep.include({ action: 'remove job', requestId: removed.headers['x-request-id'] })
    expect(more).to.deep.equal([])
  })

  it('refuses what another site made the browser send', async () => {
    const { jobId, runs } = await redis.failedJob()
    const { origin, cookie } = own(api)
    const foreign: readonly Record<string, string>[] = [
      { cookie },
      { origin },
      { origin: 'https://evil.example', cookie },
      { origin: 'null', cookie },
      { origin: `http://127.0.0.1:${api.port + 1}`, cookie },
      { origin, cookie: 'other=1' },
    ]
    for (const headers of foreign) {
      const { status, json } = await act(api, `/api/queues/bg-connection/${jobId}/retry`, { authorization, ...headers })
      expect([status, json.code], JSON.stringify(headers)).to.deep.equal([403, 'forbidden'])
    }
    expect(runs()).to.equal(1)
    expect(lines(api, 'operator action refused')).to.have.length(foreign.length)
  })

  it('offers nothing that adds work, rewrites a job or empties a queue', async () => {
    const { jobId } = await redis.failedJob()
    const queue = '/api/queues/bg-connection'
    for (const [method, path] of [
      ['POST', `${queue}/add`],
      ['PATCH', `${queue}/${jobId}/update-data`],
      ['PATCH', `${queue}/${jobId}/priority`],
      ['PUT', `${queue}/obliterate`],
      ['PUT', `${queue}/empty`],
      ['PUT', `${queue}/pause`],
      ['PUT', '/api/queues/pause'],
      ['PUT', `${queue}/clean/wait`],
      ['PUT', `${queue}/rate-limit`],
    ] as const)
      expect((await act(api, path, own(api), method)).status, `${method} ${path}`).to.equal(403)
  })

  it('only shows, where actions are not allowed', async () => {
    const { jobId, runs } = await redis.failedJob()
    for (const path of [`/${jobId}/retry`, `/${jobId}/clean`, `/retry/failed`, `/clean/failed`])
      expect((await act(showing, `/api/queues/bg-connection${path}`)).status, path).to.equal(403)
    expect(runs()).to.equal(1)
  })

  it('says no more than that, while Redis is away', async function () {
    this.timeout(10_000)
    await redis.server.stop()
    const { status, json } = await look('/api/queues')
    expect([status, json.code, json.detail]).to.deep.equal([
      503,
      'service_unavailable',
      'The queues cannot be read right now',
    ])
  })
})
