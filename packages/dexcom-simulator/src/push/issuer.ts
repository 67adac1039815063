import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type JsonWebTokenKey, signJsonWebToken } from './json-web-token.ts'
import type { TokenOptions } from './push-options.ts'

/** The authorization server of whoever receives pushes: it gives Dexcom's sender a token and publishes its keys. */
export interface Issuer {
  /** A token for the sender; `isExpired` makes one whose time was over an hour ago. */
  readonly token: (options: TokenOptions, more?: { readonly isExpired?: boolean; readonly audience?: string }) => string
  /** The JSON Web Key Set that its tokens are verified with. */
  readonly keySet: () => { readonly keys: readonly object[] }
}

interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const EXPIRED_SINCE_SECONDS = 3600

/** Keys are made when first needed: an RSA pair takes a tenth of a second. */
export function createIssuer(url: () => string): Issuer {
  const pairs = new Map<'ES256' | 'RS256', KeyPair>()

  function pairOf(algorithm: 'ES256' | 'RS256'): KeyPair {
    const known = pairs.get(algorithm)
    if (known) return known
    const pair =
      algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 })
    pairs.set(algorithm, pair)
    return pair
  }

  function keyOf({ algorithm, secret = '' }: TokenOptions): JsonWebTokenKey {
    if (algorithm === 'HS256') return { algorithm, secret }
    return { algorithm, privateKey: pairOf(algorithm).privateKey, keyId: algorithm.toLowerCase() }
  }

  return {
    token: (options, { isExpired = false, audience = options.audience } = {}) => {
      const expiresAt = Math.floor(Date.now() / 1000) + (isExpired ? -EXPIRED_SINCE_SECONDS : options.lifeSeconds)
      return signJsonWebToken(keyOf(options), {
        iss: options.issuer ?? url(),
        sub: options.subject,
        aud: audience,
        scope: options.scope,
        iat: expiresAt - options.lifeSeconds,
        exp: expiresAt,
      })
    },
    keySet: () => ({
      keys: (['ES256', 'RS256'] as const).map((alg) => ({
        ...pairOf(alg).publicKey.export({ format: 'jwk' }),
        kid: alg.toLowerCase(),
        alg,
        use: 'sig',
      })),
    }),
  }
}
