import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError } from '@bg-ingest/domain'
import { createTokenVerifier, trustedKey } from '@bg-ingest/security'
import { expect } from 'chai'
import { exportJWK, type JWK } from 'jose'
import { AUDIENCE, EC, hmac, NOW_MS, pemOf, RSA, signed, token } from './tokens.ts'

const HOUR_MS = 3_600_000

/** A provider on a real socket: what it answers is set by the test, and how often it was asked is counted. */
async function startProvider() {
  const provider = {
    keys: [] as JWK[],
    status: 200,
    padding: '',
    asked: 0,
    origin: '',
    server: undefined as Server | undefined,
  }
  const server = createServer((_request, response) => {
    provider.asked += 1
    response.writeHead(provider.status, { location: 'http://127.0.0.1:1/' })
    response.end(JSON.stringify({ keys: provider.keys, padding: provider.padding }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  provider.server = server
  provider.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return provider
}

async function stop({ server }: Awaited<ReturnType<typeof startProvider>>) {
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve))
}

const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'accepted',
    (err: unknown) => (err instanceof AppError ? err.code : String(err)),
  )

const es256 = (kid: string) => token({}, { alg: 'ES256', kid }, signed(EC.privateKey, 'sha256'))
const rs256 = (kid: string) => token({}, { alg: 'RS256', kid }, signed(RSA.privateKey, 'sha256'))

describe('keys of an identity provider', () => {
  let provider: Awaited<ReturnType<typeof startProvider>>
  let clockMs = NOW_MS
  const verifier = () => {
    const verifying = createTokenVerifier({
      key: { kind: 'jwks', url: `${provider.origin}/keys` },
      audience: AUDIENCE,
      now: () => clockMs,
    })
    return (jwt: string) => codeOf(verifying.verify(`Bearer ${jwt}`))
  }

  beforeEach(async () => {
    clockMs = NOW_MS
    provider = await startProvider()
    provider.keys = [
      { ...(await exportJWK(EC.publicKey)), kid: 'ec', alg: 'ES256', use: 'sig' },
      { ...(await exportJWK(RSA.publicKey)), kid: 'rsa', alg: 'RS256', use: 'sig' },
    ]
  })

  afterEach(() => stop(provider))

  it('verifies by key id and asks once for many callers', async () => {
    const verify = verifier()
    const all = await Promise.all([es256('ec'), rs256('rsa'), es256('ec'), rs256('rsa')].map(verify))
    expect(all).to.deep.equal(['accepted', 'accepted', 'accepted', 'accepted'])
    expect(provider.asked).to.equal(1)
  })

  it('never takes HS256, not even with a key that the set itself offers', async () => {
    const shared = 'x'.repeat(32)
    provider.keys.push({ kty: 'oct', kid: 'hmac', k: Buffer.from(shared).toString('base64url') })
    const verify = verifier()
    expect(await verify(token({}, { kid: 'hmac' }, hmac('sha256', shared)))).to.equal('unauthorized')
    expect(await verify(token({}, { kid: 'ec' }, hmac('sha256', pemOf(EC.publicKey))))).to.equal('unauthorized')
    expect(provider.asked).to.equal(0)
  })

  it('asks at most once a minute for invented key ids', async () => {
    const verify = verifier()
    for (const kid of ['a', 'b', '../../dev/null', 'http://127.0.0.1:1/'])
      expect(await verify(es256(kid))).to.equal('unauthorized')
    expect(provider.asked).to.equal(1)
  })

  it('asks nobody that a token names', async () => {
    const stranger = await startProvider()
    const url = `${stranger.origin}/keys`
    const jwt = token({}, { alg: 'ES256', kid: 'ec', jku: url, x5u: url }, signed(EC.privateKey, 'sha256'))
    expect(await verifier()(jwt)).to.equal('accepted')
    expect(stranger.asked).to.equal(0)
    await stop(stranger)
  })

  for (const [title, breakIt] of [
    ['answers 500', () => (provider.status = 500)],
    ['redirects', () => (provider.status = 302)],
    ['sends more than 64 KB', () => (provider.padding = 'x'.repeat(70_000))],
    ['sends no key set', () => (provider.keys = {} as JWK[])],
  ] as const) {
    it(`says 503, not 401, while the provider ${title} and no key is known, and does not ask for each caller`, async () => {
      breakIt()
      const verify = verifier()
      expect(await verify(es256('ec'))).to.equal('service_unavailable')
      expect(await verify(es256('ec'))).to.equal('service_unavailable')
      expect(provider.asked).to.equal(1)
    })
  }

  it('tries again after 5 s', async () => {
    provider.status = 500
    const verify = verifier()
    expect(await verify(es256('ec'))).to.equal('service_unavailable')
    provider.status = 200
    clockMs += 5000
    expect(await verify(es256('ec'))).to.equal('accepted')
  })
})

describe('keys of an identity provider that went away', () => {
  let provider: Awaited<ReturnType<typeof startProvider>>
  let clockMs = NOW_MS
  const realNow = Date.now

  // jose reads Date.now for the age of its keys; the clock that it sees has to be ours.
  beforeEach(async () => {
    clockMs = NOW_MS
    provider = await startProvider()
    Date.now = () => clockMs
  })
  afterEach(async () => {
    Date.now = realNow
    await stop(provider)
  })

  it('once withdrawn are refused within 10 minutes, also for a token that was good just before (I-17)', async () => {
    provider.keys = [{ ...(await exportJWK(EC.publicKey)), kid: 'ec' }]
    const verifying = createTokenVerifier({
      key: { kind: 'jwks', url: provider.origin },
      audience: AUDIENCE,
      now: () => clockMs,
    })
    const exp = clockMs / 1000 + 3600
    const jwtOf = (sub: string) => token({ sub, exp }, { alg: 'ES256', kid: 'ec' }, signed(EC.privateKey, 'sha256'))
    expect(await codeOf(verifying.verify(`Bearer ${jwtOf('first')}`))).to.equal('accepted')
    provider.keys = []
    const withdrawnAt = clockMs
    // Its minutes do not end with those of the keys: it may be remembered just before they do.
    clockMs += 50_000
    const jwt = jwtOf('second')
    const verify = () => codeOf(verifying.verify(`Bearer ${jwt}`))
    const accepted: number[] = []
    for (; clockMs < withdrawnAt + 11 * 60_000; clockMs += 10_000)
      if ((await verify()) === 'accepted') accepted.push(clockMs - withdrawnAt)
    expect(accepted.length, 'the provider is not asked for each token').to.be.above(45)
    expect(accepted.at(-1)).to.be.below(10 * 60_000)
  })

  it('shared by two verifiers are fetched once for both, and for what neither knows once a minute', async () => {
    provider.keys = [{ ...(await exportJWK(EC.publicKey)), kid: 'ec' }]
    const now = () => clockMs
    const key = trustedKey({ kind: 'jwks', url: provider.origin }, now)
    const verifiers = [AUDIENCE, 'another'].map((audience) => createTokenVerifier({ key, audience, now }))
    const signedBy = (kid: string, aud: string) =>
      token({ aud, exp: clockMs / 1000 + 300 }, { alg: 'ES256', kid }, signed(EC.privateKey, 'sha256'))
    const ask = (kid: string) =>
      Promise.all(
        verifiers.map((one, i) => codeOf(one.verify(`Bearer ${signedBy(kid, i === 0 ? AUDIENCE : 'another')}`))),
      )
    expect(await ask('ec')).to.deep.equal(['accepted', 'accepted'])
    expect(provider.asked).to.equal(1)
    for (let minute = 1; minute <= 3; minute += 1) {
      clockMs += 60_001
      for (const kid of ['a', 'b', 'c']) expect(await ask(kid)).to.deep.equal(['unauthorized', 'unauthorized'])
      expect(provider.asked, `after ${minute} min`).to.equal(1 + minute)
    }
  })

  it('go on for a day and no longer; a withdrawn key is refused after 10 minutes', async () => {
    const ec = { ...(await exportJWK(EC.publicKey)), kid: 'ec' }
    provider.keys = [ec]
    const verifying = createTokenVerifier({
      key: { kind: 'jwks', url: provider.origin },
      audience: AUDIENCE,
      now: () => clockMs,
    })
    const verify = () => {
      const exp = Math.floor(clockMs / 1000) + 300
      return codeOf(
        verifying.verify(`Bearer ${token({ exp }, { alg: 'ES256', kid: 'ec' }, signed(EC.privateKey, 'sha256'))}`),
      )
    }
    expect(await verify()).to.equal('accepted')
    provider.status = 500
    clockMs += 23 * HOUR_MS
    expect(await verify()).to.equal('accepted')
    expect(provider.asked).to.equal(2)
    clockMs += 2 * HOUR_MS
    expect(await verify()).to.equal('service_unavailable')
    provider.status = 200
    clockMs += 5000
    expect(await verify()).to.equal('accepted')
    provider.keys = []
    clockMs += 10 * 60_000
    expect(await verify()).to.equal('unauthorized')
  })
})
