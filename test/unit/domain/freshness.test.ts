import { freshnessState } from '@bg-ingest/domain'
import { expect } from 'chai'

describe('freshness', () => {
  const connected = { status: 'connected', vendorDelayMs: 3_600_000, pollIntervalMs: 900_000 } as const
  const LIMIT_MS = 3_600_000 + 2 * 900_000

  it('is current up to the vendor delay plus two polls, and stale beyond', () => {
    expect(freshnessState({ ...connected, ageMs: 0 })).to.equal('current')
    expect(freshnessState({ ...connected, ageMs: LIMIT_MS })).to.equal('current')
    expect(freshnessState({ ...connected, ageMs: LIMIT_MS + 1 })).to.equal('stale')
  })

  it('waits for the next measurement and the poll behind it where polls are quicker than the sensor', () => {
    const quick = { ...connected, pollIntervalMs: 60_000 }
    expect(freshnessState({ ...quick, ageMs: 3_600_000 + 360_000 })).to.equal('current')
    expect(freshnessState({ ...quick, ageMs: 3_600_000 + 360_001 })).to.equal('stale')
  })

  it('says first that nobody fetches, however new the newest reading is', () => {
    for (const status of ['needs_reauth', 'disconnected'] as const)
      for (const ageMs of [0, 10 * LIMIT_MS]) expect(freshnessState({ ...connected, status, ageMs })).to.equal(status)
  })
})
