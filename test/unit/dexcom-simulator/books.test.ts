import { type Caller, createFaults, createJournal, createManners, FaultRule } from '@bg-ingest/dexcom-simulator/parts'
import { expect } from 'chai'

const entry = (user: string, endpoint: 'egvs' | 'token' = 'egvs') =>
  ({
    at: '2026-11-20T12:00:00.000Z',
    virtualAt: '2026-11-20T12:00:00.000Z',
    endpoint,
    method: 'GET',
    path: '/v3/users/self/egvs',
    user,
    query: {},
    kind: 'data',
    tokenGeneration: 0,
    inFlight: 1,
  }) as const

describe('simulator: journal', () => {
  it('is a ring that keeps the newest', () => {
    const journal = createJournal(3)
    for (const user of ['a', 'b', 'a', 'b', 'a']) journal.close(journal.open(entry(user)), 200, 5)
    expect(journal.list({}).map(({ sequence }) => sequence)).to.deep.equal([3, 4, 5])
    expect(journal.list({ user: 'a' }).map(({ sequence }) => sequence)).to.deep.equal([3, 5])
    expect(journal.list({ after: 4 })).to.have.lengthOf(1)
    expect(journal.list({})[0]).to.include({ status: 200, durationMs: 5 })
  })

  it('shows a request under way, and closes none that has left the ring or was cleared', () => {
    const journal = createJournal(2)
    const first = journal.open(entry('a', 'token'))
    expect(journal.list({ endpoint: 'token' })[0]).to.include({ status: null, durationMs: null })
    journal.open(entry('b'))
    journal.open(entry('c'))
    journal.close(first, 200, 1)
    expect(journal.list({}).map(({ status }) => status)).to.deep.equal([null, null])
    journal.clear()
    expect(journal.list({})).to.deep.equal([])
    expect(journal.open(entry('d'))).to.equal(4)
    expect(journal.list({}).map(({ user }) => user)).to.deep.equal(['d'])
  })
})

describe('simulator: manners', () => {
  const caller = (more: Partial<Caller> = {}): Caller => ({
    user: 'ada',
    tokenGeneration: 0,
    kind: 'data',
    spentRefreshToken: false,
    ...more,
  })

  it('remember the worst of each person, the longest window and the bad dates', () => {
    const manners = createManners()
    const query = (text: string) => new URLSearchParams(text)
    const month = query('startDate=2026-11-01T00:00:00&endDate=2026-11-03T00:00:00')
    manners.note({ endpoint: 'egvs', query: month, caller: caller(), inFlight: 3 })
    manners.note({ endpoint: 'egvs', query: query('startDate=2026-11-01'), caller: caller(), inFlight: 1 })
    const refresh = caller({ kind: 'refresh', spentRefreshToken: true })
    manners.note({ endpoint: 'token', query: query(''), caller: refresh, inFlight: 2 })
    manners.note({ endpoint: 'egvs', query: month, caller: caller({ user: 'bob' }), inFlight: 1 })
    expect(manners.report()).to.deep.equal({
      calls: { egvs: 3, token: 1 },
      maxConcurrentData: 3,
      maxConcurrentRefreshes: 2,
      spentRefreshTokens: 1,
      longestWindowSeconds: 172_800,
      malformedDates: 1,
      users: {
        ada: { maxConcurrentData: 3, maxConcurrentRefreshes: 2, spentRefreshTokens: 1 },
        bob: { maxConcurrentData: 1, maxConcurrentRefreshes: 0, spentRefreshTokens: 0 },
      },
    })
    manners.clear()
    expect(manners.report()).to.deep.include({ calls: {}, users: {}, longestWindowSeconds: 0 })
  })
})

describe('simulator: fault rules', () => {
  it('fit by endpoint and user, in the order given, and are used up', () => {
    const faults = createFaults()
    faults.add(FaultRule.parse({ endpoint: 'egvs', user: 'ada', count: 2, status: 503 }))
    faults.add(FaultRule.parse({ endpoint: 'any', count: 1, status: 500 }))
    expect(faults.take('egvs', 'bob')?.status).to.equal(500)
    expect(faults.take('egvs', 'bob')).to.equal(null)
    expect(faults.take('egvs', 'ada')?.status).to.equal(503)
    expect(faults.list()).to.have.lengthOf(1)
    expect(faults.take('egvs', 'ada')?.status).to.equal(503)
    expect(faults.take('egvs', 'ada')).to.equal(null)
  })

  it('must do something', () => {
    expect(FaultRule.safeParse({ endpoint: 'egvs', count: 1 }).success).to.equal(false)
    expect(FaultRule.safeParse({ endpoint: 'egvs', count: 1, status: 500, sattus: 1 }).success).to.equal(false)
  })
})
