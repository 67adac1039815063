import { epochMs, UserId } from '@bg-ingest/domain'
import { tokenTimes } from '@bg-ingest/ingest'
import { expect } from 'chai'
import fc from 'fast-check'
import { aUserId } from '../../support/build.ts'

const NOW = Date.parse('2026-11-20T00:00:00Z')
const MINUTE_MS = 60_000
const earlyMs = (user: UserId, version: number, lifeSeconds: number) => {
  const { expiresAt, refreshAt } = tokenTimes(user, version, NOW, lifeSeconds)
  expect(epochMs(expiresAt)).to.equal(NOW + lifeSeconds * 1000)
  return epochMs(expiresAt) - epochMs(refreshAt)
}

describe('when an access token is renewed', () => {
  it('is five to fifteen minutes before its end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1_800, max: 86_400 }), (version, life) => {
        expect(earlyMs(UserId.parse('alice'), version, life)).to.be.within(5 * MINUTE_MS, 15 * MINUTE_MS)
      }),
    )
  })

  it('is in the middle of a life too short for that', () => {
    expect(earlyMs(aUserId(), 1, 4)).to.equal(2_000)
    expect(earlyMs(aUserId(), 1, 600)).to.be.at.most(300_000)
  })

  it('differs by person and by version, so that tokens granted together are not refreshed together', () => {
    const times = Array.from({ length: 100 }, () => earlyMs(aUserId(), 1, 7200))
    expect(new Set(times).size).to.be.at.least(95)
    expect(Math.max(...times) - Math.min(...times)).to.be.at.least(8 * MINUTE_MS)
    expect(earlyMs(UserId.parse('alice'), 1, 7200)).not.to.equal(earlyMs(UserId.parse('alice'), 2, 7200))
  })
})
