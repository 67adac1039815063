import { hmac, signed, token, unsigned } from '../unit/security/tokens.ts'

export interface TokenMaker {
  readonly secret: string
  readonly sub: string
  readonly audience: string
  readonly scope: string
  /** Epoch seconds. */
  readonly now: number
  /** Where nobody may be led by a token. */
  readonly stranger: string
}

type Claims = Readonly<Record<string, unknown>> | string
type Header = Readonly<Record<string, unknown>>

/** Tokens of this caller, put together by hand; right in everything that is not said. */
export function tokenMaker({ secret, sub, audience, scope, now }: TokenMaker) {
  const claims = { sub, aud: audience, scope, exp: now + 600, iat: now }
  return (over: Claims = {}, header: Header = {}, signature = hmac('sha256', secret)) =>
    token(typeof over === 'string' ? over : { ...claims, ...over }, { ...header }, signature)
}

/** promises.md I: everything about each is right but the one thing that its title says. */
export function hostileTokens(maker: TokenMaker): Readonly<Record<string, string>> {
  const { secret, sub, audience, scope, now, stranger } = maker
  const jwt = tokenMaker(maker)
  const good = jwt()
  const [head = '', payload = '', signature = ''] = good.split('.')
  const text = (more: string) => `{${more},"aud":"${audience}","iat":${now},"exp":${now + 600},"scope":"${scope}"}`
  const oct = { kty: 'oct', k: Buffer.from('known-to-all-known-to-all-known!').toString('base64url') }
  const byKnown = hmac('sha256', 'known-to-all-known-to-all-known!')
  const refused: Readonly<Record<string, string>> = {
    ...Object.fromEntries(
      ['none', 'None', 'NONE', 'nOnE'].map((alg) => [`I-1 alg ${alg}`, jwt({}, { alg }, unsigned)]),
    ),
    'I-3 HS512': jwt({}, { alg: 'HS512' }, hmac('sha512', secret)),
    'I-3 RS256 where a secret is configured': jwt({}, { alg: 'RS256' }),
    'I-3 no alg': jwt({}, { alg: undefined }),
    'I-3 alg a list': jwt({}, { alg: ['HS256'] }),
    'I-4 kid of an empty file': jwt({}, { kid: '../../dev/null' }, hmac('sha256', '')),
    'I-4 kid of SQL': jwt({}, { kid: "x' UNION SELECT 'known" }, hmac('sha256', 'known')),
    'I-5 its own key as jwk': jwt({}, { jwk: oct }, byKnown),
    'I-5 its own key at jku': jwt({}, { jku: `${stranger}/keys` }, byKnown),
    'I-5 its own key at x5u': jwt({}, { x5u: `${stranger}/cert` }, byKnown),
    'I-5 its own key as x5c': jwt({}, { x5c: ['MIIB'] }, byKnown),
    'I-6 an unknown crit': jwt({}, { crit: ['x'], x: 1 }),
    'I-6 a crit of a known name': jwt({}, { crit: ['exp'], exp: 1 }),
    'I-6 an empty crit': jwt({}, { crit: [] }),
    'I-7 no exp': jwt({ exp: undefined }),
    'I-7 exp in the past': jwt({ exp: now - 3600 }),
    'I-7 exp as text': jwt({ exp: `${now + 600}` }),
    'I-7 exp with a fraction': jwt({ exp: now + 600.5 }),
    'I-7 exp beyond all numbers': jwt({ exp: 1e20 }),
    'I-7 exp null': jwt({ exp: null }),
    'I-8 nbf ahead': jwt({ nbf: now + 3600 }),
    'I-8 iat ahead': jwt({ iat: now + 3600 }),
    'I-8 a life of more than an hour': jwt({ iat: now - 1, exp: now + 3600 }),
    'I-8 a life of nobody knows how long': jwt({ iat: undefined }),
    'I-9 no aud': jwt({ aud: undefined }),
    'I-9 another aud': jwt({ aud: 'somebody-else' }),
    'I-9 aud in other case': jwt({ aud: audience.toUpperCase() }),
    'I-9 an empty aud': jwt({ aud: '' }),
    'I-9 an empty list of aud': jwt({ aud: [] }),
    'I-9 a list without ours': jwt({ aud: ['a', `${audience}-2`] }),
    'I-11 no sub': jwt({ sub: undefined }),
    'I-11 sub null': jwt({ sub: null }),
    'I-11 sub an object': jwt({ sub: { [sub]: true } }),
    'I-11 sub a list': jwt({ sub: [sub] }),
    'I-11 sub a number': jwt({ sub: 5 }),
    'I-11 sub empty': jwt({ sub: '' }),
    'I-12 typ id+jwt': jwt({}, { typ: 'id+jwt' }),
    'I-12 typ JWE': jwt({}, { typ: 'JWE' }),
    'I-12 five parts': `${good}.x.y`,
    'I-12 two parts': `${head}.${payload}`,
    'I-12 a token in a token': jwt(good, { cty: 'JWT' }),
    'I-13 two alg, the last none': `${encoded('{"alg":"HS256","typ":"JWT","alg":"none"}')}.${payload}.${signature}`,
    'I-13 two exp, the last past': jwt(
      text(`"sub":"${sub}","exp":${now + 600}`).replace(/,"aud.*/, `,"aud":"${audience}","exp":1}`),
    ),
    'I-14 no signature': `${head}.${payload}.`,
    'I-14 one bit changed': `${head}.${payload}.${flipped(signature)}`,
    'I-14 another payload': `${head}.${encoded(text(`"sub":"${sub}","admin":true`))}.${signature}`,
    'I-14 another secret': jwt({}, {}, hmac('sha256', `${secret}x`)),
    'I-16 61 s late': jwt({ exp: now - 62 }),
    'a scope that is a list': jwt({ scope: [scope] }),
    'a payload that is a list': jwt('[]'),
    words: 'nonsense',
  }
  return refused
}

const encoded = (text: string) => Buffer.from(text).toString('base64url')

const flipped = (signature: string) => `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`

/** Tokens that are good, for callers of every kind. */
export function goodTokens(maker: TokenMaker): Readonly<Record<string, string>> {
  const { audience, now, sub } = maker
  const jwt = tokenMaker(maker)
  return {
    'I-4 an unknown kid where there is one key': jwt({}, { kid: 'k'.repeat(200) }),
    'I-9 our aud among others (RFC 7519, 4.1.3)': jwt({ aud: ['https://id.example/userinfo', audience] }),
    'I-13 two sub: the last counts (RFC 7519, 4)': jwt(
      JSON.stringify({ sub: 'somebody', aud: audience, iat: now, exp: now + 600, scope: maker.scope })
        .replace('{', '{"x":0,')
        .replace(/}$/, `,"sub":"${sub}"}`),
    ),
    'I-16 half a minute late': jwt({ exp: now - 30 }),
    'without typ': jwt({}, { typ: undefined }),
    'typ at+jwt': jwt({}, { typ: 'at+jwt' }),
  }
}

/** Tokens for a set of public keys; `pem` is what a forger would sign with. */
export function hostileKeys(
  maker: TokenMaker,
  keys: { readonly rsa: Parameters<typeof signed>[0]; readonly pem: string },
) {
  const jwt = tokenMaker(maker)
  const rs256 = signed(keys.rsa, 'sha256')
  return {
    'I-2 HS256 signed with the public key': jwt({}, { alg: 'HS256', kid: 'rsa' }, hmac('sha256', keys.pem)),
    'I-3 RS512 with the right key': jwt({}, { alg: 'RS512', kid: 'rsa' }, signed(keys.rsa, 'sha512')),
    'I-3 PS256 by name alone': jwt({}, { alg: 'PS256', kid: 'rsa' }, rs256),
    'I-3 ES384 by name alone': jwt({}, { alg: 'ES384', kid: 'ec' }, () => 'A'.repeat(128)),
    'I-4 an unknown kid': jwt({}, { alg: 'RS256', kid: 'unknown' }, rs256),
    'I-4 a kid that is an address': jwt({}, { alg: 'RS256', kid: `${maker.stranger}/keys` }, rs256),
    'I-4 a kid of 5 kB': jwt({}, { alg: 'RS256', kid: 'k'.repeat(5_000) }, rs256),
    'I-5 an unknown kid with a jku': jwt({}, { alg: 'RS256', kid: 'mine', jku: `${maker.stranger}/keys` }, rs256),
    'I-10 no iss': jwt({ iss: undefined }, { alg: 'RS256', kid: 'rsa' }, rs256),
    'I-14 r = s = 0': jwt({}, { alg: 'ES256', kid: 'ec' }, () => 'A'.repeat(86)),
    'I-14 one bit changed': jwt({}, { alg: 'RS256', kid: 'rsa' }, (input) => flipped(rs256(input))),
  }
}
