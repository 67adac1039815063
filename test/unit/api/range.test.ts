import { toInstant } from '@bg-ingest/domain'
import { createCursorCodec } from '@bg-ingest/security'
import { expect } from 'chai'
import { aStoredReading } from '../../support/build.ts'
import { ALICE, anApi, CONNECTED, type TestApi } from './an-api.ts'
import type { Answer } from './http-call.ts'

const RANGE = '/api/bg/alice'
const HOUR_MS = 3_600_000

describe('api: readings of a span', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => api.reset())
  after(() => api.close())

  const ago = (hours: number) => toInstant(api.now() - hours * HOUR_MS)
  const reading = (hours: number, over = {}) => aStoredReading({ userId: ALICE, timestamp: ago(hours), ...over })
  const list = (query: Record<string, string> | string = '', ask = {}) =>
    api.ask(`${RANGE}?${typeof query === 'string' ? query : new URLSearchParams(query)}`, ask)
  const times = (json: { readonly readings?: unknown }) =>
    (json.readings as { timestamp: string }[]).map((r) => r.timestamp)
  const refused = async (query: Record<string, string> | string, pointer: string) => {
    const { status, json } = await list(query)
    expect([status, json.code, json.errors?.[0]?.pointer], String(query)).to.deep.equal([
      400,
      'invalid_request',
      pointer,
    ])
  }

  it('covers the last 24 hours by default, newest first', async () => {
    api.behind.readings = [reading(1), reading(23.9), reading(24), reading(24.1)]
    api.behind.account = { ...CONNECTED, state: { ...CONNECTED.state, completeThrough: ago(1) } }
    const { status, json, headers } = await list()
    expect(status).to.equal(200)
    expect(json).to.have.all.keys('userId', 'from', 'to', 'unit', 'readings', 'next', 'completeThrough')
    expect(json).to.deep.include({ userId: 'alice', from: ago(24), to: ago(0), unit: 'mg/dL', next: null })
    expect(json.completeThrough).to.equal(ago(1))
    expect(times(json)).to.deep.equal([ago(1), ago(23.9), ago(24)])
    expect(headers['cache-control']).to.equal('private, no-cache')
    expect(headers).not.to.have.property('link')
  })

  it('is half-open and takes any RFC 3339 instant with a zone', async () => {
    api.behind.readings = [reading(3), reading(2), reading(1)]
    const { json } = await list({ from: '2026-11-20T10:00:00+01:00', to: '2026-11-20T11:00:00Z', order: 'asc' })
    expect(json).to.deep.include({ from: ago(3), to: ago(1) })
    expect(times(json)).to.deep.equal([ago(3), ago(2)])
  })

  it('completes what is missing of a span', async () => {
    expect((await list({ to: ago(10) })).json).to.deep.include({ from: ago(34), to: ago(10) })
    expect((await list({ from: ago(10) })).json).to.deep.include({ from: ago(10), to: ago(0) })
    expect((await list({ startDate: ago(10), endDate: ago(9) })).json).to.deep.include({ from: ago(10), to: ago(9) })
  })

  it('keeps to the types and the unit asked for', async () => {
    api.behind.readings = [
      reading(1, { glucose: 101 }),
      reading(2, { type: 'manual' }),
      reading(3, { type: 'calibration' }),
    ]
    expect(times((await list({ type: 'manual' })).json)).to.deep.equal([ago(2)])
    expect(times((await list('type=manual&type=cgm&type=cgm')).json)).to.deep.equal([ago(1), ago(2)])
    const { json } = await list({ unit: 'mmol/L', type: 'cgm' })
    expect(json.readings?.[0]).to.deep.include({ glucose: 5.6, unit: 'mmol/L' })
  })

  const refusals: readonly (readonly [query: string, pointer: string])[] = [
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=-5', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['order=up', 'order'],
    ['order=asc&order=desc', 'order'],
    ['type=bolus', 'type'],
    ['type=', 'type'],
    ['type=cgm&type=bolus', 'type'],
    ['unit=mg', 'unit'],
    ['unit=mg/dL&unit=mg/dL', 'unit'],
    ['from=yesterday', 'from'],
    ['from=2026-11-20', 'from'],
    ['from=2026-11-20T10:00:00', 'from'],
    ['from=2026-02-30T10:00:00Z', 'from'],
    ['from=2026-11-20T10:00:00Z&from=2026-11-20T10:00:00Z', 'from'],
    ['from=2026-11-20T10:00:00Z&startDate=2026-11-20T10:00:00Z', 'startDate'],
    ['to=2026-11-20T10:00:00Z&endDate=2026-11-20T10:00:00Z', 'endDate'],
    ['from=2026-11-20T10:00:00Z&to=2026-11-20T10:00:00Z', 'from'],
    ['startDate=2026-11-20T11:00:00Z&endDate=2026-11-20T10:00:00Z', 'startDate'],
    ['from=2027-01-01T00:00:00Z', 'from'],
    ['cursor=', 'cursor'],
    ['cursor=a&cursor=b', 'cursor'],
    [`cursor=${'a'.repeat(2049)}`, 'cursor'],
    ['page=2', 'page'],
    ['__proto__=x', '__proto__'],
    ['__proto__[limit]=1', '__proto__[limit]'],
    ['constructor=x', 'constructor'],
    ['from[]=x', 'from[]'],
  ]
  for (const [query, pointer] of refusals)
    it(`refuses ${query.slice(0, 60)}`, async () => {
      await refused(query, pointer)
      expect(api.behind.reads).to.equal(0)
    })

  it('says what would be right', async () => {
    const { json } = await list('type=bolus&limit=0&from=2026-11-20')
    expect(json.errors).to.deep.equal([
      { pointer: 'from', detail: 'must be an RFC 3339 instant with a zone, as 2026-11-20T14:00:00Z' },
      { pointer: 'limit', detail: 'must be at least 1' },
      { pointer: 'type', detail: 'must be cgm, calibration, manual, or several of them' },
    ])
  })

  it('names everything that is wrong at once', async () => {
    const { json } = await list('limit=0&order=up&page=2')
    const pointers = (json.errors as unknown as { pointer: string }[]).map(({ pointer }) => pointer)
    expect(pointers).to.have.members(['limit', 'order', 'page'])
  })

  describe('paging', () => {
    beforeEach(() => {
      api.behind.readings = Array.from({ length: 7 }, (_, hours) =>
        reading(hours + 1, hours === 3 ? { type: 'manual' } : {}),
      )
    })
    const firstPage = async (query: Record<string, string> = {}) => (await list({ limit: '2', ...query })).json

    /** The path that `Link` names, having seen that it holds the cursor of `next`. */
    const nextPath = ({ headers, json }: Answer): string | undefined => {
      const [, path, cursor] = /^<(.*[?&]cursor=([^&>]+).*)>; rel="next"$/.exec(String(headers.link ?? '')) ?? []
      expect(cursor === undefined ? null : decodeURIComponent(cursor)).to.equal(json.next)
      return path
    }

    for (const order of ['asc', 'desc'])
      it(`walks a span without a gap or a repeat, by next and by Link alike: ${order}`, async () => {
        const seen: string[] = []
        let path: string | undefined = `${RANGE}?${new URLSearchParams({ limit: '3', order, unit: 'mmol/L' })}`
        while (path) {
          const answer = await api.ask(path)
          seen.push(...times(answer.json))
          expect(answer.json.unit).to.equal('mmol/L')
          path = nextPath(answer)
        }
        const all = api.behind.readings.map(({ timestamp }) => String(timestamp)).sort()
        expect(seen).to.deep.equal(order === 'asc' ? all : all.reverse())
      })

    it('goes on in the same span, whatever the clock says and whoever comes in between', async () => {
      const { next, from, to } = await firstPage()
      api.behind.readings = [reading(0), ...api.behind.readings]
      const { json } = await list({ cursor: String(next) })
      expect(json).to.deep.include({ from, to })
      expect(times(json)).to.deep.equal([3, 4, 5, 6, 7].map(ago))
    })

    it('lets page size and unit change, and takes the same query again', async () => {
      const { next } = await firstPage({ type: 'cgm', from: ago(20), to: ago(0) })
      for (const same of [
        {},
        { type: 'cgm' },
        { order: 'desc' },
        { from: ago(20) },
        { startDate: ago(20), endDate: ago(0) },
        { unit: 'mmol/L' },
      ]) {
        const { status } = await list({ cursor: String(next), limit: '1', ...same })
        expect(status, JSON.stringify(same)).to.equal(200)
      }
    })

    it('refuses a cursor with another query', async () => {
      const { next } = await firstPage({ type: 'cgm', from: ago(20), to: ago(0) })
      for (const other of [
        { type: 'manual' },
        { order: 'asc' },
        { from: ago(19) },
        { to: ago(1) },
        { endDate: ago(1) },
      ])
        await refused({ cursor: String(next), ...other }, 'cursor')
      await refused(`cursor=${next}&type=cgm&type=manual`, 'cursor')
    })

    it('refuses the cursor of another person, and a forged one', async () => {
      const next = String((await firstPage()).next)
      const bob = await api.token('bob')
      const answer = await api.ask(`/api/bg/bob?cursor=${next}`, { token: bob })
      expect([answer.status, answer.json.errors?.[0]?.pointer]).to.deep.equal([400, 'cursor'])

      const payload = Buffer.from(next, 'base64url').subarray(16)
      const stranger = createCursorCodec([{ id: 'k', key: Buffer.alloc(32, 9) }])
      const forged = [
        `${next.slice(0, -2)}AA`,
        `${next}A`,
        payload.toString('base64url'),
        stranger.encode('range:alice', payload.toString()),
        '../../etc/passwd',
        '{"from":"x"}',
      ]
      for (const cursor of forged) await refused({ cursor }, 'cursor')
      expect(api.behind.reads).to.equal(2)
    })

    it('refuses a cursor that an earlier version wrote, instead of failing over it', async () => {
      const ours = createCursorCodec([{ id: 'k1', key: Buffer.alloc(32, 1) }])
      await refused({ cursor: ours.encode('range:alice', JSON.stringify({ v: 0 })) }, 'cursor')
    })

    it('shows nothing of its key in the cursor that a caller could take for an id', async () => {
      const next = String((await firstPage()).next)
      expect(next).to.match(/^[\w-]+$/)
    })
  })

  it('has a strong ETag over the readings shown, and answers 304 to it', async () => {
    api.behind.readings = [reading(1), reading(2)]
    const { headers } = await list({ from: ago(20) })
    const tag = String(headers.etag)
    const again = (query: Record<string, string>) => list(query, { headers: { 'if-none-match': tag } })
    expect([(await again({ from: ago(20) })).status, (await again({ from: ago(20) })).text]).to.deep.equal([304, ''])

    api.behind.account = { ...CONNECTED, state: { ...CONNECTED.state, completeThrough: ago(0) } }
    expect((await again({ from: ago(20) })).status).to.equal(304)
    expect((await again({ from: ago(20), unit: 'mmol/L' })).status).to.equal(200)
    expect((await again({ from: ago(20), limit: '1' })).status).to.equal(200)
    api.behind.readings = [...api.behind.readings, reading(3)]
    expect((await again({ from: ago(20) })).status).to.equal(200)
  })
})
