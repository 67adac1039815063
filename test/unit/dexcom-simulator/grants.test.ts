import { createGrants, type GrantOptions, type TokenSet } from '@bg-ingest/dexcom-simulator/parts'
import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'

const REDIRECT = 'http://localhost:5001/oauth/callback'

function setUp(refreshReuse: GrantOptions['refreshReuse'] = 'reject-only') {
  const time = { ms: 5000 }
  let made = 0
  const randomToken = (kind: string) => `${kind}-${++made}`
  const grants = createGrants({ monotonicMs: () => time.ms, accessTokenSeconds: 7200, refreshReuse, randomToken })
  const connect = () => expectTokens(grants.exchangeCode(grants.issueCode('ada', REDIRECT), REDIRECT))
  return { grants, time, connect }
}

function expectTokens(tokens: TokenSet | null): TokenSet {
  if (!tokens) throw new Error('expected tokens')
  return tokens
}

describe('simulator: codes and tokens', () => {
  it('a code works once', () => {
    const { grants } = setUp()
    const code = grants.issueCode('ada', REDIRECT)
    expect(grants.exchangeCode(code, REDIRECT)).not.to.equal(null)
    expect(grants.exchangeCode(code, REDIRECT)).to.equal(null)
  })

  it('a code lives 60 seconds', () => {
    const { grants, time } = setUp()
    const [early, late] = [grants.issueCode('ada', REDIRECT), grants.issueCode('ada', REDIRECT)]
    time.ms += 59_999
    expect(grants.exchangeCode(early, REDIRECT)).not.to.equal(null)
    time.ms += 1
    expect(grants.exchangeCode(late, REDIRECT)).to.equal(null)
  })

  it('a code is bound to its redirect URI, and is used up by a wrong one', () => {
    const { grants } = setUp()
    const code = grants.issueCode('ada', REDIRECT)
    expect(grants.exchangeCode(code, `${REDIRECT}/`)).to.equal(null)
    expect(grants.exchangeCode(code, REDIRECT)).to.equal(null)
  })

  it('a code that was asked for with a challenge takes its verifier and no other (RFC 7636, appendix B)', () => {
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    for (const [given, works] of [
      [verifier, true],
      [challenge, false],
      [null, false],
    ] as const) {
      const { grants } = setUp()
      const tokens = grants.exchangeCode(grants.issueCode('ada', REDIRECT, challenge), REDIRECT, given)
      expect(tokens !== null, String(given)).to.equal(works)
    }
  })

  it('an access token lives 7200 seconds, and past a refresh', () => {
    const { grants, time, connect } = setUp()
    const { accessToken, refreshToken } = connect()
    grants.refresh(refreshToken)
    time.ms += 7_199_999
    expect(grants.ownerOfAccess(accessToken)).to.deep.include({ user: 'ada', generation: 0, isValid: true })
    time.ms += 1
    expect(grants.ownerOfAccess(accessToken)?.isValid).to.equal(false)
  })

  it('a refresh token works once and is replaced; generations count up', () => {
    const { grants, connect } = setUp()
    const first = connect()
    const second = expectTokens(grants.refresh(first.refreshToken))
    expect(second.refreshToken).not.to.equal(first.refreshToken)
    expect(grants.ownerOfRefresh(first.refreshToken)).to.include({ isSpent: true, isValid: false })
    expect(grants.refresh(first.refreshToken)).to.equal(null)
    const third = expectTokens(grants.refresh(second.refreshToken))
    expect(grants.ownerOfAccess(third.accessToken)?.generation).to.equal(2)
    expect(third.sessionId).to.equal(first.sessionId)
  })

  it('in strict-family mode a spent refresh token ends its session, and no other', () => {
    const { grants, connect } = setUp('strict-family')
    const [first, other] = [connect(), connect()]
    const second = expectTokens(grants.refresh(first.refreshToken))
    expect(grants.refresh(first.refreshToken)).to.equal(null)
    expect(grants.refresh(second.refreshToken)).to.equal(null)
    expect(grants.ownerOfAccess(second.accessToken)?.isValid).to.equal(false)
    expect(grants.refresh(other.refreshToken)).not.to.equal(null)
  })

  it('a session ends 365 days after consent, however often it was refreshed', () => {
    const { grants, time, connect } = setUp()
    const first = connect()
    time.ms += 365 * DAY_MS - 1
    const second = expectTokens(grants.refresh(first.refreshToken))
    time.ms += 1
    expect(grants.refresh(second.refreshToken)).to.equal(null)
  })

  it('revoking ends access and refresh; expiring ends access only', () => {
    const { grants, connect } = setUp()
    const first = connect()
    expect(grants.expireAccessTokens('bob')).to.equal(0)
    expect(grants.expireAccessTokens('ada')).to.equal(1)
    expect(grants.ownerOfAccess(first.accessToken)?.isValid).to.equal(false)
    const second = expectTokens(grants.refresh(first.refreshToken))
    expect(grants.revoke('ada')).to.equal(1)
    expect(grants.ownerOfAccess(second.accessToken)?.isValid).to.equal(false)
    expect(grants.refresh(second.refreshToken)).to.equal(null)
    expect(grants.revoke('ada')).to.equal(0)
  })
})
