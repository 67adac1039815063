import { expect } from 'chai'
import { readingsBetween, useFlowsOverHttp } from '../support/flows-over-http.ts'
import { HOUR_MS } from '../support/world.ts'

const DAY_MS = 24 * HOUR_MS
const NOW_MS = Date.parse('2026-11-20T12:00:00Z')
/** Half a cadence: once the clock is right, none of its readings bears the second of one of before. */
const OFF_BEAT_MS = 150_000
const LIVELY = { kind: 'generated', profile: 'lively', historyDays: 0.25 } as const

describe('times of records, through flow, store and wire', function () {
  this.timeout(30_000)
  const { connected } = useFlowsOverHttp()

  for (const [name, aheadMs] of [
    ['an hour', HOUR_MS],
    ['a day', DAY_MS],
    ['ten years', 3_652 * DAY_MS],
  ] as const)
    it(`F13: a clock ${name} ahead: never the newest before its time, stored as its time comes`, async () => {
      const errors = [
        { fromMs: NOW_MS - 3 * HOUR_MS, toMs: NOW_MS - 2 * HOUR_MS, aheadMs: aheadMs + 3 * HOUR_MS + OFF_BEAT_MS },
      ]
      const { world, ports, sync, go, truth, expectTruth } = await connected({
        account: { ...LIVELY, clock: { errors } },
      })
      await sync()
      await expectTruth()
      const { ahead } = await truth()
      expect(ahead, 'and these are not').to.have.length.above(10)
      expect(Date.parse(String((await world.state()).newestAt))).to.be.at.most(world.clock.now())
      if (aheadMs > DAY_MS) return
      go(aheadMs + 3 * HOUR_MS)
      await world.sync({ trigger: 'manual' }, ports)
      const readings = await expectTruth()
      for (const { systemTime } of ahead)
        expect(readings.some(({ timestamp }) => timestamp === systemTime)).to.equal(true)
    })

  it('F13: a device in 1970 holds up nobody where there is a retention, and is left out', async () => {
    const readings = [{ systemTimeMs: DAY_MS, value: 100 }, ...readingsBetween(NOW_MS, 4, 2, 20)]
    const { sync, history, held } = await connected({ account: { kind: 'replay', readings } })
    await history(90)
    await sync()
    expect(await held()).to.have.length(6)
  })

  for (const zone of ['America/Los_Angeles', 'Asia/Kathmandu'])
    it(`F13, trap 6: on a machine in ${zone}: no zone, no seconds, fractions and offsets with seconds are the same instants`, async () => {
      const before = process.env.TZ
      process.env.TZ = zone
      try {
        const clock = { driftSecondsPerDay: 600 }
        const { sync, setOptions, setQuirks, expectTruth, stop } = await connected({ account: { ...LIVELY, clock } })
        await sync()
        for (const quirks of [{ dropSeconds: 1 }, { fraction: 1 }, { offsetSeconds: 1, dropSeconds: 1 }]) {
          await setQuirks(quirks)
          expect((await sync()).result, JSON.stringify(quirks)).to.include({ stored: 0, updated: 0, rejected: 0 })
        }
        await setOptions({ order: 'oldest-first' })
        await expectTruth()
        await stop()
        const readings = readingsBetween(NOW_MS, 6, 3)
        const receiver = await connected({ account: { kind: 'replay', device: 'g7-receiver', readings } })
        await receiver.history()
        expect(await receiver.expectTruth()).to.have.length(36)
      } finally {
        process.env.TZ = before
      }
    })

  it('trap 10: where an hour comes twice, and on a journey, every reading is stored once under its own instant', async () => {
    const autumn = Date.parse('2026-11-01T06:00:00Z')
    const spring = Date.parse('2026-03-08T07:00:00Z')
    const around = (ms: number) => readingsBetween(ms + 2 * HOUR_MS, 4, 0, 5)
    const travel = [{ atMs: NOW_MS - 4 * HOUR_MS, zone: 'Asia/Tokyo' }]
    const readings = [...around(spring), ...around(autumn), ...readingsBetween(NOW_MS, 6, 2)]
    const account = { kind: 'replay', zone: 'America/New_York', travel, readings } as const
    const { world, history, expectTruth } = await connected({ account })
    await history()
    expect(await expectTruth()).to.have.length(144)
    const local = [...(await world.stored()).values()].map(({ localTime }) => String(localTime).slice(0, 16))
    expect(
      local.filter((time) => time === '2026-11-01T01:30'),
      'the hour that comes twice',
    ).to.have.length(2)
    expect(
      local.filter((time) => time.startsWith('2026-03-08T02')),
      'the hour that is none',
    ).to.have.length(0)
  })
})
