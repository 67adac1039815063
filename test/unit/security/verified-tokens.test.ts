import { AppError } from '@bg-ingest/domain'
import { createTokenVerifier } from '@bg-ingest/security'
import { expect } from 'chai'
import { AUDIENCE, ED, NOW, NOW_MS, pemOf, signed, token } from './tokens.ts'

const SECRET_KEY = { kind: 'secret', secret: 'a-secret-for-tests-0123456789-0123456789' } as const

describe('tokens that were verified a moment ago', () => {
  /** A verifier on a clock, and whether a token passes it by its memory alone: its key is another's by then. */
  const aVerifier = (key: Parameters<typeof createTokenVerifier>[0]['key'] = SECRET_KEY) => {
    let nowMs = NOW_MS
    const verifier = createTokenVerifier({ key, audience: AUDIENCE, now: () => nowMs })
    return {
      at: (ms: number) => {
        nowMs = NOW_MS + ms
      },
      verify: (jwt: string) =>
        verifier.verify(`Bearer ${jwt}`).then(
          (caller) => caller as unknown,
          (err: unknown) => AppError.from(err).code,
        ),
    }
  }
  const remembered = async (exp: number, steps: readonly number[]) => {
    const { at, verify } = aVerifier()
    const jwt = token({ exp: NOW + exp })
    const first = await verify(jwt)
    const seen: boolean[] = []
    for (const ms of steps) {
      at(ms)
      seen.push((await verify(jwt)) === first)
    }
    return seen
  }

  it('are the same caller for a minute, and are then looked at again', async () => {
    expect(await remembered(300, [0, 30_000, 59_999])).to.deep.equal([true, true, true])
    expect(await remembered(300, [60_000])).to.deep.equal([false])
  })

  it('not beyond their exp, although the skew lets them pass: then each time anew', async () => {
    expect(await remembered(10, [9_999])).to.deep.equal([true])
    expect(await remembered(10, [10_000, 10_001])).to.deep.equal([false, false])
  })

  it('are refused once exp and skew are over, however lately they were good', async () => {
    const { at, verify } = aVerifier()
    const jwt = token({ exp: NOW - 30 })
    expect(await verify(jwt)).to.have.property('sub')
    at(29_000)
    expect(await verify(jwt)).to.have.property('sub')
    at(31_000)
    expect(await verify(jwt)).to.equal('unauthorized')
  })

  it('not by a clock that was set back', async () => {
    expect(await remembered(300, [-1])).to.deep.equal([false])
  })

  it('by all of their bytes: another payload under a remembered signature is refused', async () => {
    const { verify } = aVerifier()
    const jwt = token()
    expect(await verify(jwt)).to.have.property('sub')
    const [head, , signature] = jwt.split('.')
    const forged = Buffer.from(JSON.stringify({ sub: 'bob', aud: AUDIENCE, exp: NOW + 300 })).toString('base64url')
    expect(await verify(`${head}.${forged}.${signature}`)).to.equal('unauthorized')
  })

  it('a refused one is remembered by nobody', async () => {
    const { at, verify } = aVerifier()
    const early = token({ nbf: NOW + 100 })
    expect(await verify(early)).to.equal('unauthorized')
    at(101_000)
    expect(await verify(early)).to.have.property('sub')
  })

  it('no more than ten thousand: the one not used for longest is looked at again', async function () {
    this.timeout(20_000)
    const { verify } = aVerifier()
    const [kept, old] = [token({ jti: 'kept' }), token({ jti: 'old' })]
    const [first, other] = [await verify(kept), await verify(old)]
    for (let n = 0; n < 9_999; n += 1) await verify(token({ jti: n }))
    expect(await verify(kept)).not.to.equal(first)
    expect(await verify(old), 'no room was made for what was remembered').not.to.equal(other)
  })

  it('of a public key too', async () => {
    const jwt = token({}, { alg: 'EdDSA' }, signed(ED.privateKey, null))
    const { verify } = aVerifier({ kind: 'publicKey', pem: pemOf(ED.publicKey) })
    expect(await verify(jwt)).to.equal(await verify(jwt))
  })
})
