import { createHmac, type KeyObject, sign } from 'node:crypto'

export type JsonWebTokenKey =
  | { readonly algorithm: 'HS256'; readonly secret: string }
  | { readonly algorithm: 'ES256' | 'RS256'; readonly privateKey: KeyObject; readonly keyId: string }

/** Signs claims as a compact JWT (RFC 7515). By hand: the simulator shares no code with what verifies it. */
export function signJsonWebToken(key: JsonWebTokenKey, claims: Readonly<Record<string, unknown>>): string {
  const keyId = key.algorithm === 'HS256' ? {} : { kid: key.keyId }
  const content = `${encoded({ alg: key.algorithm, typ: 'JWT', ...keyId })}.${encoded(claims)}`
  return `${content}.${signature(key, content).toString('base64url')}`
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function signature(key: JsonWebTokenKey, content: string): Buffer {
  if (key.algorithm === 'HS256') return createHmac('sha256', key.secret).update(content).digest()
  // ES256 signs with the two numbers side by side, not in ASN.1 (RFC 7518, 3.4); RSA ignores the encoding.
  return sign('sha256', Buffer.from(content), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
}
