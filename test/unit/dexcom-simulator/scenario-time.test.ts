import { durationMs, readScenario, resolveMoments } from '@bg-ingest/dexcom-simulator/parts'
import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'

describe('simulator: times of scenarios', () => {
  it('are numbers with a unit', () => {
    const texts = ['5ms', '90s', '2m', '6h', '1.5d', '10.125d']
    expect(texts.map(durationMs)).to.deep.equal([5, 90_000, 120_000, 21_600_000, 129_600_000, 874_800_000])
    expect(['', '6', 'h', '-6h', '6 h', '1e3s', '6h30m'].map(durationMs)).to.deep.equal(Array(7).fill(null))
  })

  it('count from the start where they say so, wherever they stand', () => {
    const value = { a: ['@-6h', { b: '@+1d' }], c: 'ada@+1d', d: '@+x', e: null, f: 7 }
    expect(resolveMoments(value, 100_000_000)).to.deep.equal({
      a: [78_400_000, { b: 186_400_000 }],
      c: 'ada@+1d',
      d: '@+x',
      e: null,
      f: 7,
    })
  })
})

describe('simulator: scenario files', () => {
  const file = (more: object = {}) =>
    JSON.stringify({
      number: 1,
      name: 'a-story',
      rehearses: 'Nothing of importance.',
      expects: 'Nothing at all happens.',
      startsAt: '2026-11-01T00:00:00Z',
      users: [{ name: 'p', kind: 'crowd', count: 12, profile: 'quiet', gaps: [{ fromMs: '@-2h', toMs: '@-1h' }] }],
      steps: [
        { after: '2m', say: 'Second of two.', does: { kind: 'note' } },
        { after: '60s', say: 'First of two.', does: { kind: 'thaw' } },
      ],
      ...more,
    })
  const startMs = Date.UTC(2026, 10, 1)

  it('become people, moments and steps in order', () => {
    const scenario = readScenario('a-story', file())
    expect(scenario).to.include({ startMs, speed: 1 })
    expect(scenario.users.map(({ name }) => name).slice(8, 10)).to.deep.equal(['p-09', 'p-10'])
    expect(scenario.users[0]?.gaps).to.deep.equal([{ fromMs: startMs - 7_200_000, toMs: startMs - 3_600_000 }])
    expect(scenario.steps.map(({ after, clock }) => [after, clock])).to.deep.equal([
      [60_000, 'virtual'],
      [120_000, 'virtual'],
    ])
    expect(readScenario('a-story', file(), { startMs: 5 }).users[0]?.gaps?.[0]?.toMs).to.equal(5 - 3_600_000)
  })

  it('may start so long before now', () => {
    const { startMs: started } = readScenario('a-story', file({ startsAt: 'now-2h' }))
    expect(Date.now() - started).to.be.within(7_200_000, 7_260_000)
    expect(started % 1000).to.equal(0)
  })

  for (const [what, more] of [
    ['another name', { name: 'other' }],
    ['an unknown field', { colour: 'red' }],
    ['an unknown deed', { steps: [{ after: '1s', say: 'Something odd.', does: { kind: 'dance' } }] }],
    ['a bad duration', { steps: [{ after: '1 s', say: 'Something odd.', does: { kind: 'note' } }] }],
    ['a bad start', { startsAt: 'yesterday' }],
    ['nobody', { users: [] }],
    ['no steps', { steps: [] }],
    ['an option that is none', { options: { volume: 11 } }],
  ] as const) {
    it(`are refused with ${what}`, () => {
      expect(() => readScenario('a-story', file(more))).to.throw(AppError, 'Scenario a-story')
    })
  }
})
