import { expect } from 'chai'
import { reliabilityPage, summary } from '../../chaos/report.ts'
import type { RunFile } from '../../chaos/run-file.ts'
import type { Totals } from '../../chaos/totals.ts'

const totals = (over: Partial<Totals> = {}): Totals => ({
  people: 12,
  readings: 1_000,
  events: 300,
  repeatedEvents: 2,
  calls: 900,
  healthLooks: 50,
  healthFailed: 0,
  mostMegabytes: 350,
  ...over,
})

/** `c1Ms`: how long the recovery from its second fault took. */
const aRun = (over: Partial<RunFile> = {}, c1Ms = 9_000): RunFile => ({
  seed: 7,
  commit: 'abc1234',
  startedAt: '2026-11-23T10:00:00.000Z',
  durationMs: 61_000,
  machine: '2 cores',
  results: {
    played: [4_000, c1Ms, 6_000].map((convergedMs, i) => ({
      id: `C${i}`,
      phase: 'redis',
      about: 'something',
      playedMs: 1_000,
      convergedMs,
      boundMs: 18_000 + c1Ms,
    })),
    leftOut: [],
    grants: [{ id: 'A6 answered', outcome: 'needs_reauth' }],
    faultFree: totals({ events: 40, repeatedEvents: 0 }),
    totals: totals(),
    broken: null,
  },
  mutants: [],
  leaks: null,
  ...over,
})

const KNOWN = { faults: ['C0', 'C1', 'C2', 'E9'], mutants: ['M1', 'M2'] }

const mutants = [
  { id: 'M1', about: 'no log', brokeBy: 'A9: O3 and O4, and O3 again', killed: true },
  { id: 'M2', about: 'no lookback', brokeBy: null, killed: false },
]

describe('the page of the fault suite', () => {
  it('adds up what its runs have seen', () => {
    const page = reliabilityPage(
      [aRun(), aRun({ seed: 8 }, 2_000), aRun({ seed: 9 }, 11_000), aRun({ results: null, mutants })],
      KNOWN,
    )
    for (const line of [
      '| result | every promise was kept |',
      '| faults played | 9, of 3 kinds |',
      '| readings | 3000 |',
      '| faults that none of these runs played | E9 |',
      '| messages that came twice | 6 of 900 (0.67 %); before the first fault 0 of 120 |',
      '| grants that ended, by where a kill hit their refresh | A6 answered: 3 of 3 |',
      '| recovery | median 6.0 s, slowest 11.0 s |',
      '| mutants killed | 1 of 2 |',
      '| 2026-11-23 | abc1234 | 8 | 3 | 0 | 61.0 | 2 cores | kept |',
      '| redis | C1 | something | 3 | 9.0 | 11.0 | 29.0 |',
      '| M1 | no log | killed | O3, O4 |',
      '| M2 | no lookback | survived |  |',
    ])
      expect(page).to.include(line)
  })

  it('says so where all runs together have told too much twice', () => {
    const { results } = aRun()
    const repeating = aRun({ results: results && { ...results, totals: totals({ repeatedEvents: 30 }) } })
    const page = reliabilityPage([repeating, repeating], KNOWN)
    expect(page).to.include('more messages came twice than the promised 2 %').and.to.include('| 60 of 600 (10.00 %);')
  })

  it('says so where a promise was broken', () => {
    const { results } = aRun()
    const broken = aRun({ results: results && { ...results, broken: 'C1: O1 lost' } })
    const page = reliabilityPage([aRun(), broken], KNOWN)
    expect(page).to.include('| result | 1 runs broke a promise |').and.to.include('a promise was broken')
    expect(page).not.to.include('every promise was kept')
    expect(summary(broken)).to.include('BROKEN: C1: O1 lost')
  })
})
