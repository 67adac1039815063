import { createJournal } from '@bg-ingest/dexcom-simulator/parts'
import { expect } from 'chai'

const entry = (user: string, endpoint: 'egvs' | 'token' = 'egvs') =>
  ({
    at: '2026-11-20T12:00:00.000Z',
    virtualAt: '2026-11-20T12:00:00.000Z',
    region: 'us',
    clientId: 'app',
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
