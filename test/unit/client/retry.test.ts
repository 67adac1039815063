import { expect } from 'chai'
import { json, problem, refusalOf, scripted, thrownFrom } from './scripted-fetch.ts'

const connection = { userId: 'alice', status: 'connected' }

describe('client: what is tried again', () => {
  const busy = (after?: string) =>
    problem(503, 'service_unavailable', after === undefined ? {} : { 'retry-after': after })

  it('waits as long as Retry-After says, in seconds or until a date', async () => {
    const { client, sent, slept } = scripted([
      busy('2'),
      problem(429, 'rate_limited', { 'retry-after': 'Fri, 20 Nov 2026 12:00:07 GMT' }),
      json(connection),
    ])
    expect(await client.getConnection('alice')).to.deep.equal(connection)
    expect([sent.length, slept]).to.deep.equal([3, [2_000, 7_000]])
  })

  it('waits longer each time without it, and gives up after four', async () => {
    const { client, sent, slept } = scripted(Array.from({ length: 5 }, () => busy()))
    const err = await refusalOf(client.getConnection('alice'))
    expect([err.code, err.status, sent.length, slept]).to.deep.equal([
      'service_unavailable',
      503,
      4,
      [500, 1_000, 2_000],
    ])
  })

  it('spreads those who were refused together, never before Retry-After', async () => {
    for (const [chance, ms] of [
      [0, 2_000],
      [0.5, 2_500],
      [1, 3_000],
    ] as const) {
      const slept: number[] = []
      const time = { random: () => chance, sleep: async (delay: number) => void slept.push(delay) }
      const { client } = scripted([busy('2'), json(connection)], { time })
      await client.getConnection('alice')
      expect(slept).to.deep.equal([ms])
    }
  })

  it('does not wait where it is asked to for longer than it may', async () => {
    const { client, slept } = scripted([busy('3600')])
    const err = await refusalOf(client.getConnection('alice'))
    expect([err.retryAfterMs, slept]).to.deep.equal([3_600_000, []])
  })

  const doubtful = () => [
    new TypeError('fetch failed'),
    problem(500, 'internal_error'),
    new Response('<html>', { status: 502 }),
  ]

  it('tries again what may be done twice where nobody knows whether it was done', async () => {
    const { client, sent } = scripted([...doubtful(), json({ jobId: 'j', userId: 'alice', status: 'queued' })])
    expect((await client.deleteConnection('alice', { erase: true })).jobId).to.equal('j')
    expect(sent.map(({ method, url }) => `${method} ${url.search}`)).to.deep.equal(Array(4).fill('DELETE ?erase=true'))
  })

  it('tries a POST or PATCH again only where nothing was done', async () => {
    for (const answer of doubtful())
      for (const call of ['sync', 'createConnection'] as const) {
        const { client, sent } = scripted([answer instanceof Response ? answer.clone() : answer, json({})])
        await refusalOf(client[call]('alice'))
        expect(sent).to.have.length(1)
      }
    const { client, sent } = scripted([busy('1'), json(connection)])
    await client.patchConnection('alice', { paused: true })
    expect(sent.map(({ body }) => body)).to.deep.equal(Array(2).fill('{"paused":true}'))
  })

  it('does not try again what is wrong', async () => {
    for (const [status, code] of [
      [400, 'invalid_request'],
      [401, 'unauthorized'],
      [403, 'forbidden'],
      [404, 'no_readings'],
      [409, 'not_connected'],
    ] as const) {
      const { client, sent } = scripted([problem(status, code), json({})])
      const err = await refusalOf(client.latest('alice'))
      expect([err.code, err.status, err.requestId, sent.length]).to.deep.equal([code, status, 'r-1', 1])
    }
  })

  it('asks for a token before each try', async () => {
    const tokens = ['token-1', 'token-2']
    const token = async () => tokens.shift() ?? ''
    const { client, sent } = scripted([busy('1'), json(connection)], { token })
    await client.getConnection('alice')
    expect(sent.map(({ headers }) => headers.get('authorization'))).to.deep.equal(['Bearer token-1', 'Bearer token-2'])
  })

  describe('ends', () => {
    const reason = new Error('enough')

    it('before anything is sent, with the reason of its signal', async () => {
      const { client, sent } = scripted([json(connection)])
      expect(await thrownFrom(client.getConnection('alice', { signal: AbortSignal.abort(reason) }))).to.equal(reason)
      expect(sent).to.deep.equal([])
    })

    it('while it waits for an answer', async () => {
      const stop = new AbortController()
      const { client } = scripted([
        (_sent, signal) => {
          queueMicrotask(() => stop.abort(reason))
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        },
      ])
      expect(await thrownFrom(client.latest('alice', { signal: stop.signal }))).to.equal(reason)
    })

    it('while it waits for its next try, on the real clock', async () => {
      const stop = new AbortController()
      const answer = () => {
        setImmediate(() => stop.abort(reason))
        return busy('20')
      }
      const { client } = scripted([answer], { time: {} })
      expect(await thrownFrom(client.latest('alice', { signal: stop.signal }))).to.equal(reason)
    })

    it('after its timeout, as unreachable', async () => {
      const silent = (_sent: unknown, signal: AbortSignal) =>
        new Promise<Response>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      // Nothing else keeps this process alive while the client's timer, which must not either, runs.
      const alive = setInterval(() => undefined, 1_000)
      const { client } = scripted([silent], { timeoutMs: 20, retries: { attempts: 1 } })
      const err = await refusalOf(client.latest('alice')).finally(() => clearInterval(alive))
      expect(err.code).to.equal('unreachable')
    })
  })

  it('takes a page of HTML for no answer of this API, success or not, and shows nothing of it', async () => {
    for (const status of [200, 403]) {
      const { client } = scripted([new Response('<html>{"glucose":123}', { status })])
      const err = await refusalOf(client.latest('alice'))
      expect([err.code, err.status, err.cause]).to.deep.equal(['unexpected_answer', status, undefined])
    }
  })

  it('holds no token in an error', async () => {
    for (const answer of [
      problem(401, 'unauthorized'),
      new TypeError('fetch failed'),
      new Response('<html>', { status: 418 }),
    ]) {
      const { client } = scripted([answer], { retries: { attempts: 1 } })
      const err = await refusalOf(client.latest('alice'))
      expect(JSON.stringify([err.message, err.stack, { ...err }])).to.not.include('a-token')
    }
  })
})
