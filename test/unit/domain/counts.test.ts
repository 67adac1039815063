import { addCounts, NO_COUNTS, PRIORITY, TRIGGERS } from '@bg-ingest/domain'
import { expect } from 'chai'

describe('counts and priorities of a sync', () => {
  it('adds field by field', () => {
    const one = { fetched: 1, stored: 2, updated: 3, unchanged: 4, rejected: 5 }
    expect(addCounts(one, one)).to.deep.equal({ fetched: 2, stored: 4, updated: 6, unchanged: 8, rejected: 10 })
    expect(addCounts(one, NO_COUNTS)).to.deep.equal(one)
  })

  it('gives every trigger a priority of its own, manual before webhook before poll before history', () => {
    const priorities = TRIGGERS.map((trigger) => PRIORITY[trigger])
    expect(priorities).to.deep.equal([...new Set(priorities)].sort((a, b) => a - b))
    // The queue runs a job of priority 0 before all others.
    expect(Math.min(...priorities)).to.be.at.least(1)
  })
})
