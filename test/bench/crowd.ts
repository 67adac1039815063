import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { UserId } from '@bg-ingest/domain'
import { createTokenVerifier, type TokenVerifier } from '@bg-ingest/security'

const CROWD = 1_000
const HOUR_SECONDS = 3_600
const AUDIENCE = 'bg-ingest'

export interface Crowd {
  readonly people: readonly UserId[]
  /** Of each of them, signed with Ed25519 as an identity provider would. */
  readonly tokens: readonly string[]
  readonly verifier: TokenVerifier
}

/** Many people who read, each with a token of their own. */
export function aCrowd(): Crowd {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const pem = String(publicKey.export({ type: 'spki', format: 'pem' }))
  const people = Array.from({ length: CROWD }, (_, n) => UserId.parse(`reader-${n}`))
  return {
    people,
    tokens: people.map((sub) => tokenOf(sub, privateKey)),
    verifier: createTokenVerifier({ key: { kind: 'publicKey', pem }, audience: AUDIENCE }),
  }
}

function tokenOf(sub: UserId, key: KeyObject): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { sub, aud: AUDIENCE, scope: 'bg:read', iat, exp: iat + HOUR_SECONDS }
  const signed = [{ alg: 'EdDSA', typ: 'JWT' }, claims].map(encoded).join('.')
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
