import { WINDOW_LIMIT_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { ACCESS_TOKEN, aCall, aClient } from './a-client.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'
import { aFingerstick, anEgv, NOW_MS, page } from './wire.ts'

const HOUR = { fromMs: NOW_MS - 3_600_000, toMs: NOW_MS }

describe('Dexcom client: data', () => {
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())

  it('asks as Dexcom wants it and answers what it got', async () => {
    server.answer(server.json(200, page('egv', [anEgv(), anEgv({ value: null })])))
    const { client, requests, priorities } = aClient(server.url)
    const fetched = await client.fetchReadings(aCall(), 'cgm', { fromMs: NOW_MS - 3_600_000 - 1, toMs: NOW_MS + 1 })
    expect(fetched).to.deep.include({ dexcomUserId: 'dexcom-user', fetched: 2 })
    expect(fetched.measurements).to.have.length(1)
    expect([...fetched.rejected]).to.deep.equal([['value_missing', 1]])
    const [request] = server.seen
    expect(request?.method).to.equal('GET')
    expect(request?.url.pathname).to.equal('/v3/users/self/egvs')
    expect(Object.fromEntries(request?.url.searchParams ?? [])).to.deep.equal({
      startDate: '2026-11-20T13:59:59',
      endDate: '2026-11-20T15:00:01',
    })
    expect(request?.headers).to.include({
      authorization: `Bearer ${ACCESS_TOKEN}`,
      accept: 'application/json',
      'accept-encoding': 'gzip',
    })
    expect(requests).to.deep.equal([{ endpoint: 'egvs', status: '200', seconds: 0 }])
    expect(priorities).to.deep.equal([10])
  })

  it('counts only fingersticks among events', async () => {
    server.answer(server.json(200, page('event', [aFingerstick(), aFingerstick({ eventType: 'insulin' })])))
    const fetched = await aClient(server.url).client.fetchReadings(aCall(), 'manual', HOUR)
    expect(fetched.fetched).to.equal(1)
    expect(server.seen[0]?.url.pathname).to.equal('/v3/users/self/events')
  })

  it('takes an empty window', async () => {
    server.answer(server.json(200, page('calibration', [])))
    const fetched = await aClient(server.url).client.fetchReadings(aCall(), 'calibration', HOUR)
    expect(fetched).to.deep.include({ fetched: 0, measurements: [] })
    expect(server.seen[0]?.url.pathname).to.equal('/v3/users/self/calibrations')
  })

  it('never asks for more than 30 days, not even by rounding', async () => {
    server.answer(server.json(200, page('egv', [])))
    const { client } = aClient(server.url)
    const odd = NOW_MS + 500
    await client.fetchReadings(aCall(), 'cgm', { fromMs: odd - WINDOW_LIMIT_MS, toMs: odd })
    expect(Object.fromEntries(server.seen[0]?.url.searchParams ?? [])).to.deep.equal({
      startDate: '2026-10-21T15:00:00',
      endDate: '2026-11-20T15:00:00',
    })
  })

  for (const [name, window] of [
    ['above 30 days', { fromMs: NOW_MS - WINDOW_LIMIT_MS - 1, toMs: NOW_MS }],
    ['that ends before it starts', { fromMs: NOW_MS, toMs: NOW_MS - 1 }],
    ['without length', { fromMs: NOW_MS, toMs: NOW_MS }],
    ['of no number', { fromMs: Number.NaN, toMs: NOW_MS }],
  ] as const) {
    it(`refuses a window ${name} before asking`, async () => {
      server.answer(server.json(200, page('egv', [])))
      const outcome = await aClient(server.url)
        .client.fetchReadings(aCall(), 'cgm', window)
        .catch((err: unknown) => err)
      expect(outcome).to.be.instanceOf(RangeError)
      expect(server.seen).to.have.length(0)
    })
  }

  for (const [name, body] of [
    ['{}', {}],
    ['null', null],
    ['a list', []],
    ['a text', 'egv'],
    ['another recordType', page('event', [])],
    ['no records', { recordType: 'egv', recordVersion: '3.0', userId: 'dexcom-user' }],
    ['no userId', { recordType: 'egv', recordVersion: '3.0', records: [] }],
    ['records that are no list', { ...page('egv', []), records: {} }],
  ] as const) {
    it(`calls ${name} for a page invalid`, async () => {
      server.answer(server.json(200, body))
      expect(await thrown(aClient(server.url).client.fetchReadings(aCall(), 'cgm', HOUR))).to.include({
        code: 'upstream_invalid',
      })
    })
  }

  it('refuses a region that nobody configured', async () => {
    const { client } = aClient(server.url)
    const elsewhere = aCall({ region: 'EU' })
    expect(await thrown(client.fetchReadings(elsewhere, 'cgm', HOUR))).to.include({ code: 'upstream_misconfigured' })
    expect(await thrown(client.refresh('EU', 'x'))).to.include({ code: 'upstream_misconfigured' })
  })

  describe('dataRange', () => {
    const moment = (systemTime: string) => ({ systemTime, displayTime: null })
    const range = (changes: Record<string, unknown>) => ({ recordType: 'dataRange', userId: 'dexcom-user', ...changes })
    const asked = () => aClient(server.url).client.dataRange(aCall())

    it('spans all kinds of records', async () => {
      server.answer(
        server.json(
          200,
          range({
            calibrations: null,
            egvs: { start: moment('2026-02-01T08:00:03'), end: moment('2026-11-20T14:49Z') },
            events: { start: moment('2026-01-31T23:00:00-08:00'), end: moment('2026-11-20T12:05:10Z') },
          }),
        ),
      )
      expect(await asked()).to.deep.equal({
        dexcomUserId: 'dexcom-user',
        fromMs: Date.UTC(2026, 1, 1, 7),
        toMs: Date.UTC(2026, 10, 20, 14, 49),
        calibrations: null,
        egvs: { fromMs: Date.UTC(2026, 1, 1, 8, 0, 3), toMs: Date.UTC(2026, 10, 20, 14, 49) },
        events: { fromMs: Date.UTC(2026, 1, 1, 7), toMs: Date.UTC(2026, 10, 20, 12, 5, 10) },
      })
      expect(server.seen[0]?.url.pathname).to.equal('/v3/users/self/dataRange')
      expect(server.seen[0]?.url.search).to.equal('')
    })

    it('takes an account without data', async () => {
      server.answer(server.json(200, range({ egvs: null })))
      expect(await asked()).to.deep.equal({
        dexcomUserId: 'dexcom-user',
        fromMs: null,
        toMs: null,
        egvs: null,
        calibrations: null,
        events: null,
      })
    })

    it('takes a single record, whose span has no length', async () => {
      const only = moment('2026-02-01T08:00:03')
      server.answer(server.json(200, range({ egvs: { start: only, end: only } })))
      expect(await asked()).to.include({ fromMs: Date.UTC(2026, 1, 1, 8, 0, 3), toMs: Date.UTC(2026, 1, 1, 8, 0, 3) })
    })

    for (const body of [{}, null, range({ egvs: { start: moment('soon'), end: moment('later') } }), page('egv', [])]) {
      it(`calls ${JSON.stringify(body).slice(0, 60)} invalid`, async () => {
        server.answer(server.json(200, body))
        expect(await thrown(asked())).to.include({ code: 'upstream_invalid' })
      })
    }
  })
})
