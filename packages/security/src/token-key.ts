import { createPublicKey, type KeyObject } from 'node:crypto'
import type { JWTVerifyGetKey } from 'jose'
import { createKeySource } from './key-source.ts'

export type TokenKey =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'publicKey'; readonly pem: string }
  | { readonly kind: 'jwks'; readonly url: string }

/** What a signature is checked with. `algorithms` comes from the configured key, never from a token's header. */
export interface TrustedKey {
  readonly algorithms: readonly string[]
  readonly resolve: JWTVerifyGetKey
}

/** RFC 7518, 3.2 and 3.3. */
const SECRET_BYTES = 32
const RSA_BITS = 2048

// `Ed25519` is the newer name of the same algorithm (RFC 9864).
const EDDSA = ['EdDSA', 'Ed25519']

/** Throws, without quoting the key, where it is too weak or of a kind that no allowed algorithm takes. */
export function trustedKey(key: TokenKey, now: () => number): TrustedKey {
  switch (key.kind) {
    case 'secret': {
      const bytes = new TextEncoder().encode(key.secret)
      if (bytes.length < SECRET_BYTES) throw new Error(`the secret has less than ${SECRET_BYTES} bytes`)
      return { algorithms: ['HS256'], resolve: async () => bytes }
    }
    case 'publicKey': {
      const publicKey = createPublicKey(key.pem)
      return { algorithms: algorithmsOf(publicKey), resolve: async () => publicKey }
    }
    case 'jwks':
      // Never HS256 here: a key set is public, so anybody could sign with it.
      return { algorithms: ['RS256', 'ES256', ...EDDSA], resolve: createKeySource(new URL(key.url), now) }
  }
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS) return ['RS256']
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return ['ES256']
  if (key.asymmetricKeyType === 'ed25519') return EDDSA
  throw new Error('the public key is neither RSA from 2048 bits, EC P-256 nor Ed25519')
}
