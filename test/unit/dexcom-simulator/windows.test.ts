import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import fc from 'fast-check'
import { START_MS } from './accounts.ts'
import { minutesAgo, pageOf, recordsOf, someone, WEEK } from './pages.ts'

/** Everything at once that moves readings in time or puts others beside them. */
const EVENTFUL = {
  profile: 'gappy',
  cadence: [
    { fromMs: START_MS - 5 * DAY_MS, minutes: 15 },
    { fromMs: START_MS - 3 * DAY_MS, minutes: 5 },
  ],
  clock: {
    driftSecondsPerDay: -40,
    errors: [
      { fromMs: minutesAgo(3000), toMs: minutesAgo(2000), aheadMs: -DAY_MS },
      { fromMs: minutesAgo(1500), toMs: minutesAgo(1400), aheadMs: 900_000 },
    ],
  },
  twin: { device: 'watch', secondsApart: -9, share: 0.7 },
  pairs: [{ atMs: minutesAgo(1450), first: 77, second: 119 }],
  gaps: [{ fromMs: minutesAgo(700), toMs: minutesAgo(600) }],
} as const

describe('simulator: windows over an eventful life', () => {
  const options = structuredClone(EVENTFUL) as unknown as NonNullable<Parameters<typeof someone>[0]>
  const account = someone(options)
  const whole = recordsOf(account, 'egv')

  it('has readings that overlap in time, each once', () => {
    expect(new Set(whole.map(({ recordId }) => recordId)).size).to.equal(whole.length)
    const times = whole.map(({ systemTime }) => String(systemTime))
    expect(times).to.deep.equal(times.toSorted().reverse())
    const hours = Map.groupBy(times, (time) => time.slice(0, 13))
    expect(Math.max(...[...hours.values()].map((inHour) => inHour.length))).to.be.greaterThan(24)
  })

  it('is the same in either order', () => {
    const oldest = recordsOf(someone({ ...options, order: 'oldest-first' }), 'egv')
    expect(oldest.toReversed()).to.deep.equal(whole)
  })

  it('is the same cut into any two windows', () => {
    fc.assert(
      fc.property(fc.integer({ min: WEEK.fromMs / 1000, max: WEEK.toMs / 1000 }), (second) => {
        const cut = second * 1000
        const parts = [
          { ...WEEK, fromMs: cut },
          { ...WEEK, toMs: cut },
        ].flatMap((part) => pageOf(account, 'egv', part).records)
        expect(parts.map(({ recordId }) => recordId)).to.deep.equal(whole.map(({ recordId }) => recordId))
      }),
      { numRuns: 20, seed: 20_261_120 },
    )
  })
})
