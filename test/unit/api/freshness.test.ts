import { freshnessOf } from '@bg-ingest/api/parts'
import { nextPollMs, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aStoredReading } from '../../support/build.ts'
import { ALICE, CONNECTED } from './an-api.ts'

const NOW_MS = Date.parse('2026-11-20T12:00:00Z')
const MINUTE_MS = 60_000
const polls = {
  pollIntervalMs: 15 * MINUTE_MS,
  shortestPollMs: MINUTE_MS,
  vendorDelayMs: (region: string) => (region === 'EU' ? 180 : 60) * MINUTE_MS,
}
const connection = { ...(CONNECTED.connection ?? expect.fail()), userId: ALICE }

const at = (ageMinutes: number, over: Partial<typeof connection> | null = {}) =>
  freshnessOf(
    aStoredReading({ userId: ALICE, timestamp: toInstant(NOW_MS - ageMinutes * MINUTE_MS) }),
    over && { ...connection, ...over },
    polls,
    NOW_MS,
  )

describe('api: freshness', () => {
  // The vendor's delay and two polls: 60 + 30 and 180 + 30 minutes; with quick polls the sensor's 5 minutes instead of one.
  const table: readonly (readonly [age: number, over: Parameters<typeof at>[1], state: string])[] = [
    [0, {}, 'current'],
    [60, {}, 'current'],
    [90, {}, 'current'],
    [90.01, {}, 'stale'],
    [100_000, {}, 'stale'],
    [210, { region: 'EU' }, 'current'],
    [210.01, { region: 'EU' }, 'stale'],
    [66, { pollIntervalSeconds: 60 }, 'current'],
    [66.01, { pollIntervalSeconds: 60 }, 'stale'],
    [0, { status: 'needs_reauth' }, 'needs_reauth'],
    [100_000, { status: 'needs_reauth' }, 'needs_reauth'],
    [0, { status: 'disconnected' }, 'disconnected'],
    [0, null, 'disconnected'],
  ]
  for (const [age, over, state] of table)
    it(`${age} min old, ${over === null ? 'never connected' : JSON.stringify(over)}: ${state}`, () => {
      expect(at(age, over).state).to.equal(state)
    })

  it('counts the age in whole seconds, never below 0', () => {
    expect(at(70.99).ageSeconds).to.equal(4259)
    expect(at(-3).ageSeconds).to.equal(0)
  })

  it("tells the vendor's delay of the region", () => {
    expect(at(1).vendorDelaySeconds).to.equal(3600)
    expect(at(1, { region: 'EU' }).vendorDelaySeconds).to.equal(10_800)
    expect(at(1, null).vendorDelaySeconds).to.equal(3600)
  })

  it('expects the next reading at the first poll that can find it', () => {
    const interval = 15 * MINUTE_MS
    const expected = (fromMinutes: number) => toInstant(nextPollMs(ALICE, interval, NOW_MS + fromMinutes * MINUTE_MS))
    // Measured 10 min ago: the next one was 5 min ago, and Dexcom shows it an hour later.
    expect(at(10).expectedNextAt).to.equal(expected(55))
    // What should have been visible for long is found by the next poll.
    expect(at(120).expectedNextAt).to.equal(expected(0))
  })

  it('expects none where nobody polls', () => {
    expect(at(10, { paused: true }).expectedNextAt).to.equal(null)
    expect(at(10, { status: 'needs_reauth' }).expectedNextAt).to.equal(null)
    expect(at(10, null).expectedNextAt).to.equal(null)
  })
})
