import { gzipSync } from 'node:zlib'
import { parseWireTime } from '@bg-ingest/dexcom-contract'
import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aCall, aClient } from './a-client.ts'
import { type ScriptedServer, type Seen, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'
import { aFingerstick, anEgv, NOW_MS, page } from './wire.ts'

const HOUR_MS = 3_600_000
const MONTH = { fromMs: NOW_MS - 30 * DAY_MS, toMs: NOW_MS }
const MEGABYTE = 1024 * 1024

const windowOf = ({ url }: Pick<Seen, 'url'>) => {
  const [from, to] = ['startDate', 'endDate'].map(
    (name) => parseWireTime(url.searchParams.get(name) ?? '')?.epochMs ?? 0,
  )
  return { from: Number(from), to: Number(to) }
}

describe('F14: pages beyond what we hold', () => {
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())

  const fetched = (window = MONTH, type: 'cgm' | 'manual' = 'cgm') =>
    aClient(server.url).client.fetchReadings(aCall(), type, window)

  /** Answers a window from a list, [start, end) as Dexcom is believed to. */
  const serve = (recordType: string, records: readonly { readonly ms: number; readonly text: string }[]) =>
    server.answer((res, req) => {
      const { from, to } = windowOf({ url: new URL(req.url ?? '', server.url) })
      const inside = records.filter(({ ms }) => ms >= from && ms < to).map(({ text }) => text)
      res.end(`{"recordType":"${recordType}","userId":"dexcom-user","records":[${inside.join(',')}]}`)
    })
  const spread = (count: number, recordAt: (i: number, systemTime: string) => Record<string, unknown>) =>
    Array.from({ length: count }, (_, i) => {
      const ms = MONTH.fromMs + Math.floor((i * 30 * DAY_MS) / count / 1000) * 1000
      return { ms, text: JSON.stringify(recordAt(i, new Date(ms).toISOString().slice(0, 19))) }
    })

  it('reads 50,000 short records at once', async () => {
    serve(
      'egv',
      spread(50_000, (i, systemTime) => ({ recordId: `r${i}`, systemTime, value: 100 })),
    )
    expect((await fetched()).measurements).to.have.length(50_000)
    expect(server.seen).to.have.length(1)
  })

  it('asks for the halves of a month of 50,000 full records, loses none and stays below 300 MB', async () => {
    serve(
      'egv',
      spread(50_000, (i, systemTime) => anEgv({ recordId: `r${i}`, systemTime })),
    )
    const before = process.memoryUsage().rss
    const { measurements, fetched: count } = await fetched()
    expect(process.memoryUsage().rss - before).to.be.below(300 * MEGABYTE)
    expect(new Set(measurements.map(({ recordId }) => recordId)).size).to.equal(50_000)
    expect(count).to.equal(measurements.length)
    expect(server.seen.map(windowOf)).to.deep.equal([
      { from: MONTH.fromMs, to: MONTH.toMs },
      { from: MONTH.fromMs, to: NOW_MS - 15 * DAY_MS + 1000 },
      { from: NOW_MS - 15 * DAY_MS, to: MONTH.toMs },
    ])
  }).timeout(30_000)

  it('adds up what the halves say, and goes as deep as it has to', async () => {
    const day = { fromMs: NOW_MS - DAY_MS, toMs: NOW_MS }
    const hidden = 'x'.repeat(5 * MEGABYTE)
    const at = (hoursAgo: number, changes: Record<string, unknown>) => {
      const ms = NOW_MS - hoursAgo * HOUR_MS
      const systemTime = new Date(ms).toISOString()
      return {
        ms,
        text: JSON.stringify(aFingerstick({ recordId: `h${hoursAgo}`, systemTime, note: hidden, ...changes })),
      }
    }
    serve('event', [
      at(20, {}),
      at(8, { eventStatus: 'deleted' }),
      at(7, { value: '' }),
      at(2, { eventStatus: 'amended' }),
      at(1, { value: '' }),
    ])
    const result = await fetched(day, 'manual')
    expect(result.measurements.map(({ recordId }) => recordId)).to.deep.equal(['h20', 'h2'])
    expect(result.deletions.map(({ recordId }) => recordId)).to.deep.equal(['h8'])
    expect([...result.rejected]).to.deep.equal([['value_missing', 2]])
    expect([...result.unknownValues]).to.deep.equal([['eventStatus', 1]])
    expect(result.fetched).to.equal(4)
    expect(server.seen.map(windowOf).map(({ from, to }) => [NOW_MS - from, NOW_MS - to])).to.deep.equal(
      [
        [24, 0],
        [24, 12],
        [12, 0],
        [12, 6],
        [6, 0],
      ].map(([from = 0, to = 0]) => [from * HOUR_MS, to && to * HOUR_MS - 1000]),
    )
  }).timeout(30_000)

  it('gives up once an hour is too much, and never asks for less', async () => {
    const bomb = gzipSync(Buffer.alloc(17 * MEGABYTE, ' '))
    server.answer((res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb))
    expect(await thrown(fetched())).to.include({ code: 'upstream_invalid' })
    const lengths = server.seen.map(windowOf).map(({ from, to }) => to - from)
    expect(lengths).to.have.length(10)
    expect(Math.min(...lengths)).to.be.within(HOUR_MS, 2 * HOUR_MS)
  }).timeout(30_000)

  it('asks once for a window of less than two hours', async () => {
    server.answer((res) => res.end(Buffer.alloc(17 * MEGABYTE, ' ')))
    const window = { fromMs: NOW_MS - 2 * HOUR_MS + 1, toMs: NOW_MS }
    expect(await thrown(fetched(window))).to.include({ code: 'upstream_invalid' })
    expect(server.seen).to.have.length(1)
  })

  for (const [name, status, code] of [
    ['a refusal', 503, 'upstream_unavailable'],
    ['a page that is none', 200, 'upstream_invalid'],
  ] as const) {
    it(`does not halve a window after ${name}`, async () => {
      server.answer((res) => res.writeHead(status).end('{}'))
      expect(await thrown(fetched())).to.include({ code })
      expect(server.seen).to.have.length(1)
    })
  }

  it('takes nothing where the second half fails', async () => {
    let asked = 0
    server.answer((res, req) => {
      asked += 1
      if (asked === 1) res.end(Buffer.alloc(17 * MEGABYTE, ' '))
      else if (asked === 2) server.json(200, page('egv', [anEgv()]))(res, req)
      else res.writeHead(429).end()
    })
    expect(await thrown(fetched())).to.include({ code: 'upstream_rate_limited' })
  })

  it('takes nothing where the halves are of two accounts', async () => {
    let asked = 0
    server.answer((res, req) => {
      asked += 1
      if (asked === 1) res.end(Buffer.alloc(17 * MEGABYTE, ' '))
      else server.json(200, { ...page('egv', [anEgv()]), userId: `account-${asked}` })(res, req)
    })
    expect(await thrown(fetched())).to.include({ code: 'upstream_invalid' })
  })

  it('halves a window of alerts too', async () => {
    let asked = 0
    server.answer((res, req) => {
      asked += 1
      if (asked === 1) return res.end(Buffer.alloc(17 * MEGABYTE, ' '))
      const alert = { recordId: `a${asked}`, systemTime: '2026-11-20T03:12Z', alertName: 'new', alertState: 'inactive' }
      return server.json(200, page('alert', [alert, null]))(res, req)
    })
    const found = await aClient(server.url).client.alerts(aCall(), MONTH)
    expect(found.alerts.map(({ recordId }) => recordId)).to.deep.equal(['a2', 'a3'])
    expect([...found.rejected, ...found.unknownValues]).to.deep.equal([
      ['shape', 2],
      ['alertName', 2],
    ])
  })
})
