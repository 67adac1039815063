import { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { sendRows } from '@bg-ingest/api/parts'
import { Instant, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aStoredReading } from '../../support/build.ts'
import { ALICE, anApi, type TestApi } from './an-api.ts'

const RANGE = '/api/bg/alice'
const CSV = { headers: { accept: 'text/csv' } }
const NDJSON = { headers: { accept: 'application/x-ndjson' } }
const HEADER =
  'id,userId,timestamp,localTime,glucose,unit,bound,trend,trendRate,type,transmitterId,generation,display,app,sequence,revision,receivedAt'

describe('api: formats', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => api.reset())
  after(() => api.close())

  const readings = (count: number, over = {}) =>
    Array.from({ length: count }, (_, n) =>
      aStoredReading({ userId: ALICE, timestamp: toInstant(api.now() - (n + 1) * 1_000), ...over }),
    )
  const linesOf = (text: string) => text.split(/\r?\n/).slice(0, -1)

  it('are JSON unless something else is asked for', async () => {
    for (const accept of ['*/*', 'application/*', 'text/html, */*;q=0.1', 'application/json, text/csv;q=0.9'])
      expect((await api.ask(RANGE, { headers: { accept } })).headers['content-type'], accept).to.match(
        /^application\/json/,
      )
    const { headers } = await api.ask(RANGE)
    expect(headers.vary).to.include('Accept')
  })

  it('that are not offered are 406, in problem+json', async () => {
    for (const [path, accept] of [
      [RANGE, 'text/html'],
      [RANGE, 'application/xml, text/csv;q=0'],
      [`${RANGE}/latest`, 'text/csv'],
    ] as const) {
      const { status, json, headers } = await api.ask(path, { headers: { accept } })
      expect([status, json.code], accept).to.deep.equal([406, 'not_acceptable'])
      expect(headers['content-type']).to.match(/^application\/problem\+json/)
    }
    expect((await api.ask(RANGE, { token: null, headers: { accept: 'text/html' } })).status).to.equal(401)
    expect(api.behind.reads).to.equal(0)
  })

  it('CSV: a header, one line a reading, in the unit asked for', async () => {
    const device = { transmitterId: 'a,b', display: 'the "big" one', generation: null, app: null }
    api.behind.readings = readings(1, { glucose: 101, trendRate: -0.3, localTime: null, sequence: 7, device })
    const { status, headers, text } = await api.ask(`${RANGE}?unit=mmol/L`, CSV)
    expect([status, headers['content-type'], headers['cache-control']]).to.deep.equal([
      200,
      'text/csv; charset=utf-8',
      'private, no-cache',
    ])
    const [head, line, ...more] = text.split('\r\n')
    expect([head, more]).to.deep.equal([HEADER, ['']])
    expect(line).to.match(/,5\.6,mmol\/L,,flat,-0\.0[12]\d*,cgm,"a,b",,"the ""big"" one",,7,1,/)
  })

  it('CSV: an empty span is a header alone', async () => {
    expect((await api.ask(RANGE, CSV)).text).to.equal(`${HEADER}\r\n`)
  })

  it('CSV: nothing in it can be a formula', async () => {
    for (const display of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1']) {
      api.behind.readings = readings(1, { device: { display } })
      const { text } = await api.ask(RANGE, CSV)
      expect(text, JSON.stringify(display)).to.include(`'${display}`)
    }
    const token = await api.token('=cmd|x')
    api.behind.readings = readings(1, { userId: '=cmd|x' })
    const { text } = await api.ask(`/api/bg/${encodeURIComponent('=cmd|x')}`, { ...CSV, token })
    expect(text).to.include(",'=cmd|x,")
  })

  it('NDJSON: the readings of the JSON, one a line', async () => {
    api.behind.readings = readings(3)
    const { headers, text } = await api.ask(RANGE, NDJSON)
    expect(headers['content-type']).to.equal('application/x-ndjson; charset=utf-8')
    const { json } = await api.ask(RANGE)
    expect(linesOf(text).map((line) => JSON.parse(line))).to.deep.equal(json.readings)
  })

  it('rows are paged like JSON, by Link', async () => {
    api.behind.readings = readings(5)
    const seen: string[] = []
    let path = `${RANGE}?limit=2`
    for (let page = 0; page < 3; page += 1) {
      const { text, headers } = await api.ask(path, NDJSON)
      seen.push(...linesOf(text))
      path = /^<(.*)>/.exec(String(headers.link ?? ''))?.[1] ?? ''
    }
    expect([new Set(seen).size, path]).to.deep.equal([5, ''])
  })

  it('limit=all writes every page, each fetched when the one before is written', async () => {
    api.behind.readings = readings(2_500)
    const { text, headers } = await api.ask(`${RANGE}?limit=all&order=asc`, CSV)
    expect(headers).not.to.have.property('link')
    const times = linesOf(text)
      .slice(1)
      .map((line) => line.split(',')[2])
    expect(times).to.deep.equal(api.behind.readings.map(({ timestamp }) => timestamp).reverse())
    expect(api.behind.reads).to.equal(3)
  })

  it('limit=all is no limit of a JSON answer', async () => {
    const { status, json } = await api.ask(`${RANGE}?limit=all`)
    expect([status, json.errors?.[0]?.pointer]).to.deep.equal([400, 'limit'])
    expect(api.behind.reads).to.equal(0)
  })

  it('HEAD of rows fetches one page and writes none', async () => {
    api.behind.readings = readings(2_500)
    const { status, headers, text } = await api.ask(`${RANGE}?limit=all`, { ...CSV, method: 'HEAD' })
    expect([status, headers['content-type'], text]).to.deep.equal([200, 'text/csv; charset=utf-8', ''])
    expect(api.behind.reads).to.equal(1)
  })

  it('a store that is away before the first row is 503, behind it the connection is cut', async () => {
    api.behind.storeFault = Object.assign(new Error('away'), { $metadata: {} })
    expect((await api.ask(`${RANGE}?limit=all`, CSV)).status).to.equal(500)
    api.reset()
    api.behind.readings = readings(2_500)
    api.behind.faultAfterReads = 2
    const cut = await api.ask(`${RANGE}?limit=all`, CSV).then(
      () => 'whole',
      (err: { code?: string }) => err.code,
    )
    expect(cut).to.equal('ECONNRESET')
  })

  it('a reader that takes nothing makes the service fetch nothing: one page is held, whatever follows', async () => {
    let fetched = 0
    async function* pages() {
      for (; fetched < 50; ) {
        fetched += 1
        yield Array.from({ length: 1_000 }, () => toInstant(0))
      }
    }
    const taken: (() => void)[] = []
    const reader = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void taken.push(done) })
    const chained = { locals: {}, status: () => res, set: () => res, req: { method: 'GET' } }
    const res = Object.assign(reader, chained) as unknown as Parameters<typeof sendRows>[0]
    const sending = sendRows(res, { row: Instant, columns: [] }, 'ndjson', pages())
    for (let turns = 0; turns < 20; turns += 1) await turn()
    expect(fetched).to.equal(1)
    taken.shift()?.()
    for (let turns = 0; turns < 20; turns += 1) await turn()
    expect(fetched).to.equal(2)
    reader.destroy()
    await sending
    expect(fetched, 'who hangs up ends it').to.be.at.most(3)
  })
})
