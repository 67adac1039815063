import { AppError } from '@bg-ingest/domain'
import { createTokenVerifier, signDevelopmentToken, type TokenKey } from '@bg-ingest/security'
import { expect } from 'chai'
import { AUDIENCE, CLAIMS, EC, ED, hmac, NOW, NOW_MS, pemOf, RSA, SECRET, signed, token, unsigned } from './tokens.ts'

const now = () => NOW_MS
const bySecret: TokenKey = { kind: 'secret', secret: SECRET }
const byKey = (pem: string): TokenKey => ({ kind: 'publicKey', pem })
const verifierOf = (key: TokenKey, issuer?: string) => createTokenVerifier({ key, issuer, audience: AUDIENCE, now })
const verify = (jwt: string, key: TokenKey = bySecret, issuer?: string) =>
  verifierOf(key, issuer).verify(`Bearer ${jwt}`)

async function refusalOf(attempt: Promise<unknown>): Promise<AppError> {
  const outcome = await attempt.then(
    () => 'accepted',
    (err: unknown) => err,
  )
  if (!(outcome instanceof AppError)) throw new Error(`expected an AppError, got ${String(outcome)}`)
  return outcome
}

const rsaPem = pemOf(RSA.publicKey)
const rs256 = signed(RSA.privateKey, 'sha256')
const without = (...names: string[]) =>
  JSON.stringify({ ...CLAIMS, ...Object.fromEntries(names.map((n) => [n, undefined])) })

/** Everything about each of these is right but the one thing that its title says. */
const DEFECTS: readonly (readonly [string, string, TokenKey?, string?])[] = [
  ...['none', 'None', 'NONE', 'nOnE'].map((alg) => [`alg ${alg}`, token({}, { alg }, unsigned)] as const),
  ['alg none with a signature', token({}, { alg: 'none' })],
  ['no alg', token({}, { alg: undefined })],
  ['HS256 signed with the RSA public key', token({}, {}, hmac('sha256', rsaPem)), byKey(rsaPem)],
  [
    'HS256 signed with the EC public key',
    token({}, {}, hmac('sha256', pemOf(EC.publicKey))),
    byKey(pemOf(EC.publicKey)),
  ],
  ['HS512 with the right secret', token({}, { alg: 'HS512' }, hmac('sha512', SECRET))],
  ['RS512 with the right key', token({}, { alg: 'RS512' }, signed(RSA.privateKey, 'sha512')), byKey(rsaPem)],
  ['RS256 where a secret is configured', token({}, { alg: 'RS256' }, rs256)],
  ['ES256 where RSA is configured', token({}, { alg: 'ES256' }, signed(EC.privateKey, 'sha256')), byKey(rsaPem)],
  ['another secret', token({}, {}, hmac('sha256', `${SECRET}x`))],
  ['no signature', token({}, {}, unsigned)],
  ['a signature of zeros', token({}, { alg: 'ES256' }, () => 'A'.repeat(86)), byKey(pemOf(EC.publicKey))],
  ['one changed bit of the signature', token().replace(/.$/, (last) => (last === 'A' ? 'E' : 'A'))],
  [
    'another payload under the signature',
    token().replace(/\.[^.]+\./, `.${Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'bob' })).toString('base64url')}.`),
  ],
  ['no aud', token(without('aud'))],
  ['another aud', token({ aud: 'bg-ingest-webhook' })],
  ['an aud that begins with ours', token({ aud: 'bg-ingest-2' })],
  ['an empty aud', token({ aud: '' })],
  ['a list of other auds', token({ aud: ['a', 'b'] })],
  ['no exp', token(without('exp'))],
  ['exp 60 s ago', token({ exp: NOW - 60 })],
  ['exp 61 s ago', token({ exp: NOW - 61 })],
  ['exp as text', token({ exp: `${NOW + 300}` })],
  ['exp with a fraction', token({ exp: NOW + 300.5 })],
  ['exp beyond all numbers', token({ exp: 1e20 })],
  ['nbf beyond the skew', token({ nbf: NOW + 61 })],
  ['iat beyond the skew', token({ iat: NOW + 61 })],
  ['iat as text', token({ iat: 'now' })],
  ['no sub', token(without('sub'))],
  ['sub null', token({ sub: null })],
  ['sub an object', token({ sub: { alice: true } })],
  ['sub a list', token({ sub: ['alice'] })],
  ['sub a number', token({ sub: 5 })],
  ['sub empty', token({ sub: '' })],
  ['sub with a slash', token({ sub: '../alice' })],
  ['sub of 129 characters', token({ sub: 'a'.repeat(129) })],
  ['sub with a line end', token({ sub: 'alice\n' })],
  ['scope a list', token({ scope: ['bg:read'] })],
  ['an unknown crit', token({}, { crit: ['x'], x: 1 })],
  ['a crit of a known name', token({}, { crit: ['exp'], exp: 1 })],
  ['unencoded payload', token({}, { crit: ['b64'], b64: false })],
  ['typ id+jwt', token({}, { typ: 'id+jwt' })],
  ['typ logout+jwt', token({}, { typ: 'logout+jwt' })],
  ['typ JWE', token({}, { typ: 'JWE' })],
  ['typ a number', token({}, { typ: 7 })],
  ['no issuer', token(), bySecret, 'https://id.example'],
  ['another issuer', token({ iss: 'https://id.example/' }), bySecret, 'https://id.example'],
  ['an issuer of other case', token({ iss: 'https://ID.example' }), bySecret, 'https://id.example'],
  ['two parts', token().split('.').slice(0, 2).join('.')],
  ['five parts', `${token()}.x.y`],
  ['a token in a token', token(token())],
  ['a payload that is a list', token('[]')],
  ['a payload that is no JSON', token('{"sub":')],
  ['a header that is no JSON', `e30x.${token().split('.').slice(1).join('.')}`],
  ['9 KB', token({ pad: 'x'.repeat(9 * 1024) })],
  [
    'a foreign key id in the header',
    token({}, { jwk: { kty: 'oct', k: 'AAAA' }, kid: '../../dev/null' }, hmac('sha256', '')),
  ],
]

describe('token verifier', () => {
  for (const [title, jwt, key, issuer] of DEFECTS) {
    it(`refuses ${title}`, async () => {
      const err = await refusalOf(verify(jwt, key, issuer))
      expect(err.code).to.equal('unauthorized')
      expect(err.message).to.equal('A valid bearer token is required')
      expect(JSON.stringify([err.cause, String(err.cause)])).not.to.contain('alice')
    })
  }

  for (const header of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${token()}`,
    token(),
    `Bearer ${token()} x`,
    `Bearer\t${token()}`,
    `Bearer ${token()},Bearer ${token()}`,
  ]) {
    it(`refuses the header ${header?.slice(0, 20)}… (${header?.length})`, async () => {
      expect((await refusalOf(verifierOf(bySecret).verify(header))).code).to.equal('unauthorized')
    })
  }

  const GOOD: readonly (readonly [string, string, TokenKey?, string?])[] = [
    ['a plain token', token()],
    ['exp 59 s ago', token({ exp: NOW - 59 })],
    ['iat and nbf a minute ahead', token({ iat: NOW + 60, nbf: NOW + 60 })],
    ['no iat', token(without('iat'))],
    ['no typ', token({}, { typ: undefined })],
    ['typ at+jwt', token({}, { typ: 'at+jwt' })],
    ['typ application/at+jwt', token({}, { typ: 'application/AT+JWT' })],
    ['our audience among others (RFC 7519, 4.1.3)', token({ aud: ['https://id.example/userinfo', AUDIENCE] })],
    ['the issuer, to the letter', token({ iss: 'https://id.example' }), bySecret, 'https://id.example'],
    ['RS256', token({}, { alg: 'RS256' }, rs256), byKey(rsaPem)],
    ['ES256', token({}, { alg: 'ES256' }, signed(EC.privateKey, 'sha256')), byKey(pemOf(EC.publicKey))],
    ['EdDSA', token({}, { alg: 'EdDSA' }, signed(ED.privateKey, null)), byKey(pemOf(ED.publicKey))],
  ]
  for (const [title, jwt, key, issuer] of GOOD) {
    it(`accepts ${title}`, async () => {
      const caller = await verify(jwt, key, issuer)
      expect(caller.sub).to.equal('alice')
      expect([...caller.scopes]).to.deep.equal(['bg:read', 'bg:sync'])
      expect(caller.anyUser).to.equal(false)
    })
  }

  it('takes the scheme in any case', async () => {
    expect((await verifierOf(bySecret).verify(`bEARER  ${token()}`)).sub).to.equal('alice')
  })

  it('reads scopes, none where the claim is missing', async () => {
    expect((await verify(token({ scope: ' bg:read  bg:any-user ' }))).anyUser).to.equal(true)
    expect((await verify(token(without('scope')))).scopes.size).to.equal(0)
  })

  it('accepts what it signs for development', async () => {
    const jwt = await signDevelopmentToken({
      secret: SECRET,
      sub: 'auth0|5f7c',
      scopes: ['bg:read'],
      audience: AUDIENCE,
      issuer: 'us',
      ttlSeconds: 60,
      nowMs: NOW_MS,
    })
    const caller = await verify(jwt, bySecret, 'us')
    expect(caller.sub).to.equal('auth0|5f7c')
    expect([...caller.scopes]).to.deep.equal(['bg:read'])
    const later = createTokenVerifier({ key: bySecret, audience: AUDIENCE, now: () => NOW_MS + 120_000 })
    expect((await refusalOf(later.verify(`Bearer ${jwt}`))).code).to.equal('unauthorized')
  })

  describe('where a longest life is set', () => {
    const verifier = createTokenVerifier({ key: bySecret, audience: AUDIENCE, maxLifetimeSeconds: 600, now })
    const verdict = (claims: Readonly<Record<string, unknown>>) =>
      verifier.verify(`Bearer ${token(claims)}`).then(
        () => 'accepted',
        (err: AppError) => (err.cause as { code?: string }).code,
      )

    it('takes what was granted for that long, however much of it is left', async () => {
      expect(await verdict({ iat: NOW, exp: NOW + 600 })).to.equal('accepted')
      expect(await verdict({ iat: NOW - 599, exp: NOW + 1 })).to.equal('accepted')
    })

    it('refuses what was granted for longer, or does not say since when', async () => {
      expect(await verdict({ iat: NOW, exp: NOW + 601 })).to.equal('lifetime')
      expect(await verdict({ iat: NOW - 600, exp: NOW + 1 })).to.equal('lifetime')
      expect(await verdict({ iat: undefined, exp: NOW + 10 })).to.equal('lifetime')
      expect(await verdict({ iat: `${NOW}`, exp: NOW + 10 })).not.to.equal('accepted')
    })
  })

  it('cannot be made with a weak key', () => {
    expect(() => verifierOf({ kind: 'secret', secret: 'x'.repeat(31) })).to.throw('less than 32 bytes')
    expect(() => verifierOf(byKey('nothing'))).to.throw()
  })
})
