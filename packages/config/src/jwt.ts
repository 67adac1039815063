import { createPublicKey, type KeyObject } from 'node:crypto'
import * as z from 'zod'
import { concern, type Rule } from './concern.ts'
import { parsed, parseUrl, text, WEB, wholeNumber } from './fields.ts'
import { httpsInProduction } from './production.ts'
import { Secret } from './secret.ts'

export type JwtKey =
  | { readonly kind: 'secret'; readonly secret: Secret }
  | { readonly kind: 'publicKey'; readonly pem: string }
  | { readonly kind: 'jwks'; readonly url: string }

/** RFC 7518, 3.2: an HS256 key has at least the size of the hash. Libraries take 3 bytes without a word. */
const SECRET_BYTES = 32

const jwtSecret = parsed(
  (value) => (Buffer.byteLength(value) >= SECRET_BYTES ? new Secret(value) : null),
  `must be at least ${SECRET_BYTES} bytes`,
)

/** From a minute, since less would not outlast the skew of two clocks, to thirty days. */
const lifetimeSeconds = wholeNumber({ min: 60, max: 2_592_000 }).optional()

const usable = (key: KeyObject) => {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= 2048
    case 'ec':
      return namedCurve === 'prime256v1'
    default:
      return key.asymmetricKeyType === 'ed25519'
  }
}

/** PEM as text; `\n` written out is read as a line end, since most places for variables hold one line. */
function readPublicKey(value: string): string | null {
  const pem = value.replaceAll('\\n', '\n')
  if (pem.includes('PRIVATE KEY')) return null // createPublicKey would take it, and the secret would lie around
  try {
    return usable(createPublicKey(pem)) ? pem : null
  } catch {
    return null // NOTE: OpenSSL's words may quote the text, so they are not passed on
  }
}

const KEYS = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_JWKS_URL'] as const
const ONE = `set exactly one of ${KEYS.join(', ')}`

const exactlyOneKey: Rule = (env) => {
  const set = KEYS.filter((name) => env[name] !== undefined)
  if (set.length === 1) return []
  return (set.length === 0 ? [KEYS[0]] : set).map((name) => ({ name, detail: ONE }))
}

/** Who may call: one kind of key, so that a token can never choose its own algorithm. */
export const jwt = concern(
  z
    .object({
      JWT_SECRET: jwtSecret.optional(),
      JWT_PUBLIC_KEY: parsed(
        readPublicKey,
        'must be a PEM public key: RSA from 2048 bits, EC P-256 or Ed25519',
      ).optional(),
      JWT_JWKS_URL: parsed((value) => parseUrl(value, WEB)?.href ?? null, 'must be an http or https URL').optional(),
      JWT_ISSUER: text.optional(),
      JWT_MAX_LIFETIME_SECONDS: lifetimeSeconds,
      JWT_AUDIENCE: text,
    })
    .transform((env, context) => {
      const key = toKey(env)
      if (!key) context.addIssue({ code: 'custom', path: [KEYS[0]], message: ONE })
      if (!key) return z.NEVER
      const { JWT_ISSUER: issuer, JWT_MAX_LIFETIME_SECONDS: maxLifetimeSeconds, JWT_AUDIENCE: audience } = env
      return { key, issuer, maxLifetimeSeconds, audience }
    }),
  exactlyOneKey,
  httpsInProduction(/^JWT_JWKS_URL$/),
)

interface GivenKeys {
  readonly JWT_SECRET?: Secret | undefined
  readonly JWT_PUBLIC_KEY?: string | undefined
  readonly JWT_JWKS_URL?: string | undefined
}

function toKey(env: GivenKeys): JwtKey | null {
  if (env.JWT_SECRET) return { kind: 'secret', secret: env.JWT_SECRET }
  if (env.JWT_PUBLIC_KEY) return { kind: 'publicKey', pem: env.JWT_PUBLIC_KEY }
  return env.JWT_JWKS_URL ? { kind: 'jwks', url: env.JWT_JWKS_URL } : null
}

/** What `pnpm token` signs with: the development secret, for the API or for the webhook. */
export const tokenSigning = concern(
  z
    .object({
      JWT_SECRET: jwtSecret,
      JWT_ISSUER: text.optional(),
      JWT_MAX_LIFETIME_SECONDS: lifetimeSeconds,
      JWT_AUDIENCE: text,
      WEBHOOK_JWT_AUDIENCE: text,
    })
    .transform((env) => ({
      secret: env.JWT_SECRET,
      issuer: env.JWT_ISSUER,
      maxLifetimeSeconds: env.JWT_MAX_LIFETIME_SECONDS,
      audience: env.JWT_AUDIENCE,
      webhookAudience: env.WEBHOOK_JWT_AUDIENCE,
    })),
)
