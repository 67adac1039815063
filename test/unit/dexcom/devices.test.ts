import { expect } from 'chai'
import { aCall, aClient } from './a-client.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'
import { page, TRANSMITTER, without } from './wire.ts'

/** The record of dexcom-api.md 10.5, with every oddity of 3.5 in its alerts. */
const aDevice = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  lastUploadDate: '2026-11-20T14:52:08Z',
  transmitterId: TRANSMITTER,
  transmitterGeneration: 'g7',
  transmitterGenerationVariant: 'g7',
  displayDevice: 'iOS',
  displayApp: 'G7',
  alertSchedules: [
    {
      alertScheduleSettings: {
        alertScheduleName: '',
        isEnabled: true,
        isDefaultSchedule: true,
        startTime: '8:00 PM',
        endTime: '47:59',
        daysOfWeek: ['', 'sunday', ''],
        isActive: null,
        override: { isOverrideEnabled: true, mode: 'loud', endTime: '' },
      },
      alertSettings: [
        { alertName: 'fall', value: -3, unit: 'mg/dL/min', snooze: null, enabled: true },
        { alertName: 'high', value: 250, unit: 'mg/dL', snooze: 28, enabled: true },
        { alertName: 'high', value: 9999, unit: '', snooze: 601, enabled: 'yes', soundTheme: 'jazz' },
      ],
    },
    { alertScheduleSettings: null, alertSettings: 'none' },
  ],
  ...changes,
})

const READ = {
  transmitterId: TRANSMITTER,
  generation: 'g7',
  display: 'iOS',
  app: 'G7',
  lastUploadAt: '2026-11-20T14:52:08.000Z',
}

describe('devices', () => {
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())

  const asked = (body: unknown) => {
    server.answer(server.json(200, body))
    return aClient(server.url).client.devices(aCall())
  }
  const one = async (record: unknown) => (await asked(page('device', [record]))).devices

  it('says who uploads, and keeps nothing of the alert settings', async () => {
    expect(await asked(page('device', [aDevice()]))).to.deep.equal({ dexcomUserId: 'dexcom-user', devices: [READ] })
    expect(server.seen.map(({ url }) => url.pathname + url.search)).to.deep.equal(['/v3/users/self/devices'])
  })

  for (const [name, record, changed] of [
    ['without settings', without(aDevice(), 'alertSchedules'), {}],
    ['with settings that are no list', aDevice({ alertSchedules: {} }), {}],
    ['with empty texts', aDevice({ transmitterId: '', displayApp: '' }), { transmitterId: null, app: null }],
    ['without an upload', without(aDevice(), 'lastUploadDate'), { lastUploadAt: null }],
    ['with an upload on no day', aDevice({ lastUploadDate: '2026-02-30T10:00' }), { lastUploadAt: null }],
    [
      'with an upload behind year 9999',
      aDevice({ lastUploadDate: '9999-12-31T23:59:59-12:00' }),
      { lastUploadAt: null },
    ],
    [
      'with a short time',
      aDevice({ lastUploadDate: '2026-11-20T14:52' }),
      { lastUploadAt: '2026-11-20T14:52:00.000Z' },
    ],
    [
      'with a long ago upload',
      aDevice({ lastUploadDate: '2019-01-01T00:00:00Z' }),
      { lastUploadAt: '2019-01-01T00:00:00.000Z' },
    ],
    [
      'of a new kind',
      aDevice({ transmitterGeneration: 'g8', displayDevice: 'watch' }),
      { generation: 'g8', display: 'watch' },
    ],
    ['with texts of other types', aDevice({ displayDevice: 7, displayApp: {} }), { display: null, app: null }],
    ['with 10 KB of text', aDevice({ displayApp: 'x'.repeat(10_000) }), { app: 'x'.repeat(200) }],
  ] as const) {
    it(`reads one ${name}`, async () => {
      expect(await one(record)).to.deep.equal([{ ...READ, ...changed }])
    })
  }

  it('passes over what is no record', async () => {
    const records = [null, 'iOS', aDevice(), [], 7, aDevice({ displayDevice: 'receiver', displayApp: null })]
    const { devices } = await asked(page('device', records))
    expect(devices).to.deep.equal([READ, { ...READ, display: 'receiver', app: null }])
  })

  it('is one request that operators see as devices', async () => {
    server.answer(server.json(200, page('device', [])))
    const { client, requests } = aClient(server.url)
    await client.devices(aCall())
    expect(requests).to.deep.equal([{ endpoint: 'devices', status: '200', seconds: 0 }])
  })

  it('takes an account without devices', async () => {
    expect((await asked(page('device', []))).devices).to.deep.equal([])
  })

  for (const body of [{}, null, page('egv', []), { ...page('device', []), records: null }]) {
    it(`F7: calls ${JSON.stringify(body).slice(0, 60)} invalid`, async () => {
      expect(await thrown(asked(body))).to.include({ code: 'upstream_invalid' })
    })
  }
})
