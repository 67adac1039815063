import { once } from 'node:events'
import { createServer } from 'node:net'
import type { ReadingType } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aCall, aClient, QUICK_TIMEOUTS } from './a-client.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'
import { aFingerstick, anEgv, NOW_MS, page, without } from './wire.ts'

const DAY = { fromMs: NOW_MS - 86_400_000, toMs: NOW_MS }
const RECORD_TYPES = { cgm: 'egv', calibration: 'calibration', manual: 'event' } as const

describe('faults of the wire, over HTTP', () => {
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())

  const fetched = (type: ReadingType = 'cgm') => aClient(server.url).client.fetchReadings(aCall(), type, DAY)
  const answered = (body: unknown, type: ReadingType = 'cgm') => {
    server.answer(server.json(200, body))
    return fetched(type)
  }

  for (const [type, recordType] of Object.entries(RECORD_TYPES)) {
    const good = page(recordType, [])
    for (const [name, body] of [
      ['{}', {}],
      ['null', null],
      ['[]', []],
      ['a text', 'egv'],
      ['a wrong recordType', { ...good, recordType: 'alert' }],
      ['a recordType of no text', { ...good, recordType: 7 }],
      ['no records', without(good, 'records')],
      ['records null', { ...good, records: null }],
      ['no userId', without(good, 'userId')],
      ['a userId of 10 KB', { ...good, userId: 'x'.repeat(10_000) }],
    ] as const) {
      it(`F7: ${type}: ${name} is no page`, async () => {
        expect(await thrown(answered(body, type as ReadingType))).to.include({ code: 'upstream_invalid' })
      })
    }
    for (const [name, body] of [
      ['another recordVersion', { ...good, recordVersion: '3.1' }],
      ['a recordVersion of no text', { ...good, recordVersion: 3 }],
      ['no recordVersion', without(good, 'recordVersion')],
      ['something new beside it', { ...good, nextPage: 'soon' }],
    ] as const) {
      it(`F7: ${type}: a page with ${name} is one`, async () => {
        expect(await answered(body, type as ReadingType)).to.include({ dexcomUserId: 'dexcom-user', fetched: 0 })
      })
    }
  }

  describe('F8: one bad record among 288', () => {
    const raw = (changes: Record<string, unknown>, written: string) =>
      JSON.stringify(anEgv({ recordId: 'odd', ...changes })).replace('"HERE"', written)
    const odd = (changes: Record<string, unknown>) => raw(changes, '')
    for (const [name, record, reason] of [
      ['value null', odd({ value: null }), 'value_missing'],
      ['no value', JSON.stringify(without(anEgv(), 'value')), 'value_missing'],
      ['value "abc"', odd({ value: 'abc' }), 'shape'],
      ['value {}', odd({ value: {} }), 'shape'],
      ['value 1e309', raw({ value: 'HERE' }, '1e309'), 'value_range'],
      ['value -1e309', raw({ value: 'HERE' }, '-1e309'), 'value_range'],
      ['value -5', odd({ value: -5 }), 'value_range'],
      ['value 1001', odd({ value: 1001 }), 'value_range'],
      ['a unit that is new', odd({ unit: 'mg/l' }), 'unit'],
      ['no systemTime', JSON.stringify(without(anEgv(), 'systemTime')), 'shape'],
      ['a systemTime of 10 KB', odd({ systemTime: `2026-11-20T14:49:55${'0'.repeat(10_000)}` }), 'time'],
      ['no recordId', JSON.stringify(without(anEgv(), 'recordId')), 'shape'],
      ['a transmitterId of no text', odd({ transmitterId: 7 }), 'shape'],
      [
        '__proto__ with what is missing',
        raw({}, '').replace('{', '{"__proto__":{"value":55},').replace('"value":101,', ''),
        'value_missing',
      ],
      ['null', 'null', 'shape'],
      ['a nest 40,000 deep', `${'['.repeat(40_000)}${']'.repeat(40_000)}`, 'shape'],
    ] as const) {
      it(`${name}: is set aside as ${reason}, 287 are kept`, async () => {
        const good = Array.from({ length: 287 }, (_, i) => JSON.stringify(anEgv({ recordId: `r${i}` })))
        const records = [...good.slice(0, 100), record, ...good.slice(100)]
        server.answer((res) => res.end(`{"recordType":"egv","userId":"dexcom-user","records":[${records.join(',')}]}`))
        const result = await fetched()
        expect(result.measurements.map(({ recordId }) => recordId)).to.have.members(
          Array.from({ length: 287 }, (_, i) => `r${i}`),
        )
        expect([...result.rejected]).to.deep.equal([[reason, 1]])
        expect(result.fetched).to.equal(288)
        expect(({} as Record<string, unknown>).value).to.equal(undefined)
      })
    }

    for (const [name, changes, unknown] of [
      ['a trend that is new', { trend: 'sideways' }, { trend: 1 }],
      ['a status that is new', { status: 'soso' }, { status: 1 }],
      [
        'a device that is new',
        { displayDevice: 'watch', transmitterGeneration: 'g8' },
        { displayDevice: 1, transmitterGeneration: 1 },
      ],
      ['fields that are new', { smoothed: 1, nested: { deep: [] } }, {}],
      [
        'texts of 10 KB',
        { transmitterId: 'x'.repeat(10_000), displayApp: 'é😀'.repeat(5_000), recordId: 'odd'.repeat(3_000) },
        {},
      ],
    ] as const) {
      it(`${name}: is kept, and so are 287`, async () => {
        const records = Array.from({ length: 288 }, (_, i) => anEgv({ recordId: `r${i}`, ...(i === 100 && changes) }))
        const result = await answered(page('egv', records))
        expect(result.measurements).to.have.length(288)
        expect(Object.fromEntries(result.unknownValues)).to.deep.equal(unknown)
        for (const { device, recordId } of result.measurements)
          for (const text of [recordId, ...Object.values(device)]) {
            expect(text?.length ?? 0).to.be.at.most(200)
            expect(text?.isWellFormed() ?? true).to.equal(true)
          }
      })
    }
  })

  it('F13: clocks ahead are set aside, clocks behind and short times are read', async () => {
    const at = (systemTime: string) => anEgv({ recordId: systemTime, systemTime })
    const result = await answered(
      page(
        'egv',
        [
          '2026-11-20T16:00:00Z',
          '2099-01-01T00:00:00Z',
          '9999-12-31T23:59:59-12:00',
          '1970-01-01T00:00:00Z',
          '2026-11-20T14:49:55',
          '2026-11-20T08:00-06:59:58',
          '2026-11-20T14:40Z',
        ].map(at),
      ),
    )
    expect(result.measurements.map(({ timestamp }) => timestamp)).to.deep.equal([
      '1970-01-01T00:00:00.000Z',
      '2026-11-20T14:49:55.000Z',
      '2026-11-20T15:00:00.000Z',
      '2026-11-20T14:40:00.000Z',
    ])
    expect(Object.fromEntries(result.rejected)).to.deep.equal({ future: 2, time: 1 })
  })

  for (const [type, recordType] of Object.entries(RECORD_TYPES)) {
    it(`F15: ${type}: an empty window is a success`, async () => {
      const result = await answered(page(recordType, []), type as ReadingType)
      expect(result).to.deep.equal({
        dexcomUserId: 'dexcom-user',
        fetched: 0,
        measurements: [],
        deletions: [],
        rejected: new Map(),
        unknownValues: new Map(),
      })
    })
  }

  describe('F19: odd HTTP', () => {
    for (const status of [204, 205, 304]) {
      it(`${status} is no page`, async () => {
        server.answer((res) => res.writeHead(status).end())
        expect(await thrown(fetched())).to.include({ code: 'upstream_invalid' })
      })
    }

    it('early hints come before a page', async () => {
      server.answer((res) => {
        res.writeEarlyHints({ link: '</style.css>; rel=preload' })
        res.end(JSON.stringify(page('egv', [anEgv()])))
      })
      expect(await fetched()).to.include({ fetched: 1 })
    })

    const spoken = async (lines: readonly string[], body: string) => {
      const speaker = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => socket.end([...lines, '', body].join('\r\n')))
      })
      speaker.listen(0, '127.0.0.1')
      await once(speaker, 'listening')
      const { port } = speaker.address() as { port: number }
      const { client } = aClient(`http://127.0.0.1:${port}`, QUICK_TIMEOUTS)
      return client.fetchReadings(aCall(), 'cgm', DAY).finally(() => speaker.close())
    }
    const body = JSON.stringify(page('egv', [anEgv()]))

    it('headers twice are read once', async () => {
      const length = `Content-Length: ${Buffer.byteLength(body)}`
      const types = ['Content-Type: application/json', 'Content-Type: text/html', 'Retry-After: 3', 'Retry-After: 9']
      expect(await spoken(['HTTP/1.1 200 OK', ...types, length], body)).to.include({ fetched: 1 })
    })

    it('two lengths are no answer', async () => {
      const lines = ['HTTP/1.1 200 OK', 'Content-Length: 10', `Content-Length: ${Buffer.byteLength(body)}`]
      expect(await thrown(spoken(lines, body))).to.include({ code: 'upstream_invalid' })
    })
  })

  it("F20: hands up the account that the page names, which is the caller's to compare", async () => {
    for (const [type, record] of [
      ['cgm', anEgv()],
      ['calibration', anEgv()],
      ['manual', aFingerstick()],
    ] as const) {
      const result = await answered({ ...page(RECORD_TYPES[type], [record]), userId: 'somebody-else' }, type)
      expect(result.dexcomUserId).to.equal('somebody-else')
    }
  })
})
