import { DAY_MS, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aCall, aClient } from './a-client.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'
import { NOW_MS } from './wire.ts'

const moment = (systemTime: string) => ({ systemTime, displayTime: null })
const span = (start: string, end: string) => ({ start: moment(start), end: moment(end) })
const range = (changes: Record<string, unknown>) => ({ recordType: 'dataRange', userId: 'dexcom-user', ...changes })

describe('dataRange', () => {
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())

  const asked = (body: unknown, since?: number) => {
    server.answer(server.json(200, body))
    const { client } = aClient(server.url)
    return since === undefined ? client.dataRange(aCall()) : client.dataRange(aCall(), toInstant(since))
  }

  for (const [name, since, query] of [
    ['nothing', undefined, {}],
    ['an hour ago, with its zone', NOW_MS - 3_600_000, { lastSyncTime: '2026-11-20T14:00:00Z' }],
    ['the second before, for what lies between two', NOW_MS - 1, { lastSyncTime: '2026-11-20T14:59:59Z' }],
    ['30 days ago', NOW_MS - 30 * DAY_MS, { lastSyncTime: '2026-10-21T15:00:00Z' }],
    ['no time, where it lies further back than 30 days', NOW_MS - 30 * DAY_MS - 1, {}],
    ['no time, where Dexcom would answer wrongly', NOW_MS - 101 * DAY_MS, {}],
  ] as const) {
    it(`asks since ${name}`, async () => {
      await asked(range({}), since)
      expect(Object.fromEntries(server.seen[0]?.url.searchParams ?? [])).to.deep.equal(query)
    })
  }

  it('answers by kind of record', async () => {
    const found = await asked(
      range({
        egvs: span('2026-02-01T08:00:03', '2026-11-20T14:49Z'),
        calibrations: null,
        events: span('2026-02-01T00:00:00-08:00', '2026-02-01T00:00:00-08:00'),
      }),
    )
    const event = Date.UTC(2026, 1, 1, 8)
    expect(found).to.deep.equal({
      dexcomUserId: 'dexcom-user',
      fromMs: event,
      toMs: Date.UTC(2026, 10, 20, 14, 49),
      egvs: { fromMs: Date.UTC(2026, 1, 1, 8, 0, 3), toMs: Date.UTC(2026, 10, 20, 14, 49) },
      calibrations: null,
      events: { fromMs: event, toMs: event },
    })
  })

  it('hands on an end in the future, which the caller clamps', async () => {
    const found = await asked(range({ egvs: span('2026-02-01T08:00:00Z', '2099-01-01T00:00:00Z') }))
    expect(found.toMs).to.equal(Date.UTC(2099, 0, 1))
  })

  it('puts ends in order where a clock went back', async () => {
    const found = await asked(range({ egvs: span('2026-11-20T14:00:00Z', '2026-11-20T13:00:00Z') }))
    expect(found.egvs).to.deep.equal({ fromMs: NOW_MS - 2 * 3_600_000, toMs: NOW_MS - 3_600_000 })
  })

  it('F15: takes null and absence for no data', async () => {
    for (const changes of [{}, { egvs: null, calibrations: null, events: null }])
      expect(await asked(range(changes))).to.include({ fromMs: null, toMs: null, egvs: null, events: null })
  })

  for (const [name, body] of [
    ['an account without a name', range({ userId: '' })],
    ['a name of 10 KB', range({ userId: 'x'.repeat(10_000) })],
    ['another recordType', { ...range({}), recordType: 'egv' }],
    ['half a span', range({ egvs: { start: moment('2026-02-01T08:00:03Z') } })],
    ['a time that is none', range({ events: span('2026-02-30T00:00:00Z', '2026-03-01T00:00:00Z') })],
  ] as const) {
    it(`F7: calls ${name} invalid`, async () => {
      expect(await thrown(asked(body))).to.include({ code: 'upstream_invalid' })
    })
  }
})
