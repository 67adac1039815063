import { expect } from 'chai'
import { readArguments, UsageError } from '../../chaos/arguments.ts'

const KNOWN = { faults: ['A6', 'C2'], mutants: ['M1'] }
const read = (...args: readonly string[]) => readArguments(args, KNOWN, () => 0.5)

describe('arguments of the fault suite', () => {
  it('plays everything and a minute by chance unless something is chosen', () => {
    expect(read()).to.deep.include({ short: false, only: [], phases: [], mutants: false, soakMinutes: 1 })
    for (const choice of [['--short'], ['--only', 'A6,C2'], ['--phase', 'redis,kills']])
      expect(read(...choice).soakMinutes, choice.join(' ')).to.equal(0)
    expect(read('--short', '--soak', '60m').soakMinutes).to.equal(60)
  })

  it('draws a seed, or takes the one it is given', () => {
    expect(read().seed).to.equal(2_147_483_647)
    expect(read('--seed', '7').seed).to.equal(7)
  })

  it('takes ids of faults, and with --mutants those of mutants', () => {
    expect(read('--only', 'A6,C2').only).to.deep.equal(['A6', 'C2'])
    expect(read('--mutants', '--only', 'M1')).to.deep.include({ mutants: true, only: ['M1'] })
  })

  it('looks for leaks among a thousand people for ten minutes, or as told', () => {
    expect(read().leaks).to.equal(null)
    expect(read('--leaks').leaks).to.deep.equal({ people: 1_000, minutes: 10 })
    expect(read('--leaks', '--people', '50', '--minutes', '2').leaks).to.deep.equal({ people: 50, minutes: 2 })
  })

  for (const args of [
    ['--only', 'A7'],
    ['--only', 'M1'],
    ['--mutants', '--only', 'A6'],
    ['--phase', 'api'],
    ['--seed', '-1'],
    ['--soak', '241'],
    ['--leaks', '--people', 'all'],
    ['--fast'],
    ['A6'],
  ])
    it(`refuses ${args.join(' ')}`, () => {
      expect(() => read(...args)).to.throw(UsageError)
    })
})
