import { mannersViolations } from '@bg-ingest/dexcom-simulator'
import { type Caller, createManners } from '@bg-ingest/dexcom-simulator/parts'
import { expect } from 'chai'

const caller = (more: Partial<Caller> = {}): Caller => ({
  user: 'ada',
  tokenGeneration: 0,
  kind: 'data',
  spentRefreshToken: false,
  ...more,
})
const refresh = (print: string, spentRefreshToken = false) =>
  caller({ kind: 'refresh', spentRefreshToken, refreshTokenPrint: print })
const query = (text = '') => new URLSearchParams(text)
const DAY = query('startDate=2026-11-01T00:00:00&endDate=2026-11-02T00:00:00')
const call = { endpoint: 'egvs', query: DAY, caller: caller(), clientId: 'app', inFlight: 1, atMs: 0 } as const
const token = { ...call, endpoint: 'token', query: query() } as const

describe('simulator: manners', () => {
  it('remember the worst of each person, the longest window and the bad dates', () => {
    const manners = createManners()
    const twoDays = query('startDate=2026-11-01T00:00:00&endDate=2026-11-03T00:00:00')
    manners.note({ ...call, query: twoDays, inFlight: 3 })
    manners.note({ ...call, query: query('startDate=2026-11-01') })
    manners.note({ ...token, caller: refresh('a', true), inFlight: 2 })
    manners.note({ ...call, caller: caller({ user: 'bob' }) })
    expect(manners.report()).to.deep.equal({
      calls: { egvs: 3, token: 1 },
      maxConcurrentData: 3,
      maxConcurrentRefreshes: 2,
      spentRefreshTokens: 1,
      callsAfterInvalidGrant: 0,
      longestWindowSeconds: 172_800,
      windowsTooLong: 0,
      malformedDates: 1,
      slidingWindowMs: 3_600_000,
      mostCallsInWindow: 4,
      mostCallsInWindowPerClient: { app: 4 },
      users: {
        ada: {
          calls: { egvs: 2, token: 1 },
          maxConcurrentData: 3,
          maxConcurrentRefreshes: 2,
          spentRefreshTokens: 1,
          mostPresentations: 1,
          callsAfterInvalidGrant: 0,
        },
        bob: {
          calls: { egvs: 1 },
          maxConcurrentData: 1,
          maxConcurrentRefreshes: 0,
          spentRefreshTokens: 0,
          mostPresentations: 0,
          callsAfterInvalidGrant: 0,
        },
      },
    })
    manners.clear()
    expect(manners.report()).to.deep.include({ calls: {}, users: {}, longestWindowSeconds: 0, mostCallsInWindow: 0 })
  })

  it('count the most calls of one application within any span of the length that is set', () => {
    const manners = createManners(1000)
    for (const atMs of [0, 400, 999, 1000, 1399, 1400, 5000]) manners.note({ ...call, atMs })
    for (const atMs of [5000, 5001]) manners.note({ ...call, clientId: 'other', atMs })
    manners.note({ ...call, endpoint: 'login', query: query(), atMs: 5002 })
    // 400, 999, 1000, 1399: 0 is out at 1000, 400 at 1400.
    expect(manners.report().mostCallsInWindowPerClient).to.deep.equal({ app: 4, other: 2 })
    manners.clear(50)
    expect(manners.report()).to.include({ slidingWindowMs: 50, mostCallsInWindow: 0 })
  })

  it('count no call after tokens came anew', () => {
    const manners = createManners()
    manners.noteOutcome({ user: 'ada', outcome: 'invalid_grant' })
    manners.note(call)
    manners.noteOutcome({ user: 'ada', outcome: 'tokens' })
    manners.note(call)
    expect(manners.report().callsAfterInvalidGrant).to.equal(1)
  })
})

describe('simulator: violations of manners', () => {
  const clean = () => {
    const manners = createManners()
    manners.note(call)
    manners.note({ ...token, caller: refresh('a') })
    manners.note({ ...token, caller: refresh('b') })
    return manners
  }
  const rulesOf = (manners: ReturnType<typeof clean>, ...rules: Parameters<typeof mannersViolations>[1][]) =>
    mannersViolations(manners.report(), ...rules).map(({ rule, user, seen, allowed }) => [rule, user, seen, allowed])

  it('are none where a client behaves', () => {
    expect(rulesOf(clean(), { callsPerWindow: 3 })).to.deep.equal([])
  })

  const bad: readonly [string, (manners: ReturnType<typeof clean>) => void, unknown[], object?][] = [
    ['two data calls of a person at once', (m) => m.note({ ...call, inFlight: 2 }), ['concurrentData', 'ada', 2, 1]],
    [
      'two refreshes of a person at once',
      (m) => m.note({ ...token, caller: refresh('c'), inFlight: 2 }),
      ['concurrentRefreshes', 'ada', 2, 1],
    ],
    [
      'a refresh token presented again',
      (m) => m.note({ ...token, caller: refresh('a', true) }),
      ['presentationsOfAToken', 'ada', 2, 1],
    ],
    [
      'a call after invalid_grant',
      (m) => {
        m.noteOutcome({ user: 'ada', outcome: 'invalid_grant' })
        m.note(call)
      },
      ['callsAfterInvalidGrant', 'ada', 1, 0],
    ],
    [
      'a window of 30 days and a second',
      (m) => m.note({ ...call, query: query('startDate=2026-11-01T00:00:00&endDate=2026-12-01T00:00:01') }),
      ['windowLength', null, 1, 0],
    ],
    [
      'a date with a zone',
      (m) => m.note({ ...call, query: query('startDate=2026-11-01T00:00:00Z') }),
      ['dateFormat', null, 1, 0],
    ],
    ['too many calls', (m) => m.note(call), ['callsPerWindow', null, 4, 3], { callsPerWindow: 3 }],
  ]
  for (const [what, misbehave, violation, rules = {}] of bad) {
    it(`name ${what}`, () => {
      const manners = clean()
      misbehave(manners)
      expect(rulesOf(manners, rules)).to.deep.equal([violation])
    })
  }

  it('follow the rules given: an ambiguous outcome earns one more presentation', () => {
    const manners = clean()
    manners.note({ ...token, caller: refresh('a', true) })
    expect(rulesOf(manners, { presentationsOfAToken: 2 })).to.deep.equal([])
  })
})
