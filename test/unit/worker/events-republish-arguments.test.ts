import { readRepublishArguments } from '@bg-ingest/worker/parts'
import { expect } from 'chai'

describe('arguments of pnpm republish', () => {
  it('name a person and a span, in any zone', () => {
    const args = ['--user', 'alice', '--from', '2026-11-20T01:00:00+01:00', '--to=2026-11-21T00:00:00Z', '--json']
    expect(readRepublishArguments(args)).to.deep.equal({
      user: 'alice',
      from: '2026-11-20T00:00:00.000Z',
      to: '2026-11-21T00:00:00.000Z',
      json: true,
    })
    expect(readRepublishArguments(['--user', 'alice'])).to.deep.equal({
      user: 'alice',
      from: null,
      to: null,
      json: false,
    })
    expect(readRepublishArguments(['--help'])).to.equal('help')
  })

  for (const [args, said] of [
    [[], /--user is missing/],
    [['--user', 'a b'], /--user must be/],
    [['--user', 'alice', '--from', 'yesterday'], /--from takes an RFC 3339 instant/],
    [['--user', 'alice', '--to', '2026-11-20T00:00:00'], /--to takes an RFC 3339 instant/],
    [['--user', 'alice', '--from', '2026-11-21T00:00:00Z', '--to', '2026-11-20T00:00:00Z'], /--from must lie before/],
    [['--user', 'alice', '--force'], /See --help/],
  ] as const)
    it(`are refused: ${args.join(' ') || 'none'}`, () => {
      expect(() => readRepublishArguments(args)).to.throw(said)
    })
})
