import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { readUsersFile } from '@bg-ingest/dexcom-simulator/parts'
import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'

const GENERATED = { name: 'ada', kind: 'generated', profile: 'quiet' }

describe('simulator: options in a users file', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'simulator-options-'))
  })
  after(() => rm(folder, { recursive: true }))
  const readText = async (text: string) => {
    const file = path.join(folder, 'users.json')
    await writeFile(file, text)
    return readUsersFile(file)
  }
  const complaint = (options: object) =>
    readText(JSON.stringify([GENERATED, { ...GENERATED, ...options }])).then(
      () => null,
      (err: unknown) => AppError.from(err).message,
    )

  it('are all taken', async () => {
    const span = { fromMs: 0, toMs: 1000 }
    const user = {
      ...GENERATED,
      cadence: [{ fromMs: 0, minutes: 1 }],
      milliseconds: true,
      travel: [{ atMs: 0, zone: 'Asia/Tokyo' }],
      clock: { driftSecondsPerDay: 2, setAtMs: 0, errors: [{ ...span, aheadMs: 1000 }] },
      gaps: [span],
      offline: [{ ...span, uploadedAtMs: 2000, away: 'sensor' }],
      held: [{ ...span, value: 100 }],
      sensorErrors: [span],
      pairs: [{ atMs: 0, first: 77, second: 119, apartMs: 4000 }],
      edits: [{ systemTimeMs: 0, value: 100, fromMs: 5 }],
      events: [
        {
          systemTimeMs: 0,
          eventType: 'health',
          eventSubType: 'illness',
          value: '',
          unit: null,
          uploadTimeMs: 1,
          changes: [
            { fromMs: 2, value: '1' },
            { fromMs: 3, deleted: true },
          ],
        },
      ],
      calibrations: [{ systemTimeMs: 0, value: 100, uploadTimeMs: 1 }],
      eventLife: { updatedShare: 0.1, deletedShare: 0.1, afterMs: 1 },
      twin: { device: 'receiver', secondsApart: 3, share: 0.5 },
      bounds: 'closed',
      refusalBody: 'json',
      order: 'shuffled',
      repeats: 0.1,
      lastSync: { basis: 'systemTime', zone: 'optional', old: 'nulls' },
      delayFrom: 'upload',
      recordIds: 'per-call',
      updatedEventId: 'new-and-deleted',
      answersAs: 'bob',
      hidesDevices: true,
      quirks: { dropSeconds: 0.5, badRecord: 'always' },
    }
    expect(await readText(JSON.stringify([user]))).to.deep.equal([user])
  })

  for (const [options, place] of [
    [{ bound: 'closed' }, 'bound'],
    [{ order: 'sideways' }, 'order'],
    [{ quirks: { dropsSeconds: 1 } }, 'dropsSeconds'],
    [{ quirks: { dropSeconds: 2 } }, 'quirks.dropSeconds'],
    [{ travel: [{ atMs: 0, zone: 'Mars/Base' }] }, 'travel[0].zone'],
    [{ gaps: [{ fromMs: 2, toMs: 1 }] }, 'fromMs must come before toMs'],
    [{ offline: [{ fromMs: 1, toMs: 3, uploadedAtMs: 2 }] }, 'uploadedAtMs'],
    [{ cadence: [{ fromMs: 0, minutes: 7 }] }, 'cadence[0].minutes'],
    [
      {
        clock: {
          errors: [
            { fromMs: 0, toMs: 5, aheadMs: 1 },
            { fromMs: 4, toMs: 9, aheadMs: 1 },
          ],
        },
      },
      'overlap',
    ],
    [{ device: 'g9' }, 'device'],
  ] as const) {
    it(`are refused with their place: ${JSON.stringify(options)}`, async () => {
      expect(await complaint(options))
        .to.include('user 1')
        .and.to.include(place)
    })
  }

  it('want JSON', async () => {
    const code = await readText('[{').catch((err: unknown) => AppError.from(err).code)
    expect(code).to.equal('invalid_request')
  })
})
