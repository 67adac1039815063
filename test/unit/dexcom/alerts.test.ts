import { WINDOW_LIMIT_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aCall, aClient } from './a-client.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'
import { NOW_MS, page, TRANSMITTER, without } from './wire.ts'

const DAY = { fromMs: NOW_MS - 86_400_000, toMs: NOW_MS }

/** The record of dexcom-api.md 10.7. */
const anAlert = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  recordId: 'f0e1d2c3-b4a5-4696-8788-99aabbccddee',
  systemTime: '2026-11-20T03:12:00Z',
  displayTime: '2026-11-19T22:12:00-05:00',
  alertName: 'low',
  alertState: 'activeAlarming',
  displayDevice: 'iOS',
  transmitterGeneration: 'g7',
  transmitterGenerationVariant: 'g7',
  transmitterId: TRANSMITTER,
  displayApp: 'G7',
  ...changes,
})

const READ = {
  timestamp: '2026-11-20T03:12:00.000Z',
  localTime: '2026-11-19T22:12:00-05:00',
  name: 'low',
  state: 'activeAlarming',
  recordId: 'f0e1d2c3-b4a5-4696-8788-99aabbccddee',
}

describe('alerts', () => {
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())

  const asked = (body: unknown, window = DAY) => {
    server.answer(server.json(200, body))
    return aClient(server.url).client.alerts(aCall(), window)
  }

  it('asks for a window as Dexcom wants it', async () => {
    const found = await asked(page('alert', [anAlert()]))
    expect(found).to.deep.equal({
      dexcomUserId: 'dexcom-user',
      alerts: [READ],
      rejected: new Map(),
      unknownValues: new Map(),
    })
    const [request] = server.seen
    expect(request?.url.pathname).to.equal('/v3/users/self/alerts')
    expect(Object.fromEntries(request?.url.searchParams ?? [])).to.deep.equal({
      startDate: '2026-11-19T15:00:00',
      endDate: '2026-11-20T15:00:00',
    })
  })

  it('is one request that operators see as alerts', async () => {
    server.answer(server.json(200, page('alert', [])))
    const { client, requests } = aClient(server.url)
    await client.alerts(aCall(), DAY)
    expect(requests).to.deep.equal([{ endpoint: 'alerts', status: '200', seconds: 0 }])
  })

  it('refuses more than 30 days before asking', async () => {
    const tooLong = { fromMs: NOW_MS - WINDOW_LIMIT_MS - 1, toMs: NOW_MS }
    expect(await asked(page('alert', []), tooLong).catch((err: unknown) => err)).to.be.instanceOf(RangeError)
    expect(server.seen).to.have.length(0)
  })

  it('knows every name and state that Dexcom lists, and fixedLow', async () => {
    const names = 'unknown high low rise fall outOfRange urgentLow urgentLowSoon noReadings fixedLow'.split(' ')
    const states = 'unknown inactive activeSnoozed activeAlarming'.split(' ')
    const found = await asked(
      page('alert', [
        ...names.map((alertName) => anAlert({ alertName })),
        ...states.map((alertState) => anAlert({ alertState })),
      ]),
    )
    expect(found.alerts).to.have.length(14)
    expect(found.unknownValues.size).to.equal(0)
  })

  it('keeps a new name and a new state as they came, and counts them', async () => {
    const found = await asked(page('alert', [anAlert({ alertName: 'sleepy', alertState: 'paused' })]))
    expect(found.alerts).to.deep.equal([{ ...READ, name: 'sleepy', state: 'paused' }])
    expect(Object.fromEntries(found.unknownValues)).to.deep.equal({ alertName: 1, alertState: 1 })
  })

  it('sets a bad record aside and keeps the rest', async () => {
    const records = [
      anAlert(),
      null,
      without(anAlert(), 'recordId'),
      anAlert({ alertName: null }),
      anAlert({ systemTime: 'soon' }),
      anAlert({ systemTime: '2099-01-01T00:00:00Z' }),
      anAlert({ displayTime: 7, alertState: null, displayDevice: {} }),
    ]
    const { alerts, rejected } = await asked(page('alert', records))
    expect(alerts).to.deep.equal([READ, { ...READ, localTime: null, state: 'unknown' }])
    expect(Object.fromEntries(rejected)).to.deep.equal({ shape: 3, time: 1, future: 1 })
  })

  it('F7: calls another recordType invalid', async () => {
    expect(await thrown(asked(page('event', [])))).to.include({ code: 'upstream_invalid' })
  })
})
