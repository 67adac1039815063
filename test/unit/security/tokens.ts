import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export const SECRET = 'a-secret-for-tests-0123456789-0123456789'
export const AUDIENCE = 'bg-ingest'
export const NOW_MS = Date.UTC(2026, 10, 23, 12)
export const NOW = NOW_MS / 1000

export const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const ED = generateKeyPairSync('ed25519')

export const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()

export const CLAIMS = { sub: 'alice', aud: AUDIENCE, exp: NOW + 300, iat: NOW, scope: 'bg:read bg:sync' }
const HEADER = { alg: 'HS256', typ: 'JWT' }

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

export const hmac = (hash: string, key: string) => (input: string) =>
  createHmac(hash, key).update(input).digest('base64url')

export const signed = (key: KeyObject, hash: string | null) => (input: string) =>
  sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')

export const unsigned = () => ''

/** A token put together by hand, since no library writes the broken ones. Text instead of an object is taken as it is. */
export function token(
  claims: Record<string, unknown> | string = {},
  header: Record<string, unknown> = {},
  signature: (input: string) => string = hmac('sha256', SECRET),
): string {
  const payload = typeof claims === 'string' ? claims : { ...CLAIMS, ...claims }
  const input = `${encode({ ...HEADER, ...header })}.${encode(payload)}`
  return `${input}.${signature(input)}`
}
