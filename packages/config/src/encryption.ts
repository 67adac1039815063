import * as z from 'zod'
import { concern, type Rule } from './concern.ts'
import { ConfigError } from './config-error.ts'
import { parseBase64, parsed, parseEach, text } from './fields.ts'
import { Secret } from './secret.ts'

export interface EncryptionKey {
  readonly id: string
  /** 32 bytes, AES-256. */
  readonly key: Uint8Array
}

const KEY_BYTES = 32

function readKey(entry: string): EncryptionKey | null {
  const [, id, encoded] = /^([A-Za-z0-9._-]{1,64}):(.+)$/.exec(entry) ?? []
  const key = encoded === undefined ? null : parseBase64(encoded)
  return id !== undefined && key?.length === KEY_BYTES ? { id, key } : null
}

function readKeys(value: string): Secret<readonly EncryptionKey[]> | null {
  const keys = parseEach(value, readKey)
  // Two keys of one id: data sealed under one of them could be opened or not by luck.
  return keys && new Set(keys.map(({ id }) => id)).size === keys.length ? new Secret(keys) : null
}

// A ciphertext names the key that wrapped it, never an alias, so it is found again by the key's own ARN alone.
const KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/

const keyArn = text.regex(KEY_ARN, 'must be the ARN of a KMS key, not of an alias')
const kmsOf = (arn: string | undefined) => (arn === undefined ? null : { arn })

const keysOrKms: Rule = (env) =>
  env.KMS_KEY_ARN === undefined && env.ENCRYPTION_KEYS === undefined
    ? [{ name: 'ENCRYPTION_KEYS', detail: 'is required, unless KMS_KEY_ARN is set' }]
    : []

/** What a process says that finds only KMS configured, and no key of the service's own that KMS has wrapped. */
export const noServiceKey = () =>
  new ConfigError([
    { name: 'KMS_KEY_ARN', detail: 'is set without ENCRYPTION_KEYS, so `pnpm provision` has to be run with it first' },
  ])

/**
 * Without KMS the first key encrypts; with it KMS does. All keys decrypt, so that what they sealed stays readable. No
 * keys beside KMS: those of cursors and hashes derive from a key that KMS wraps and the accounts table keeps.
 */
export const encryption = concern(
  z
    .object({
      ENCRYPTION_KEYS: parsed(
        readKeys,
        `must be a comma-separated list of id:base64(${KEY_BYTES} bytes), no id twice`,
      ).optional(),
      KMS_KEY_ARN: keyArn.optional(),
    })
    .transform((env) => ({
      keys: env.ENCRYPTION_KEYS ?? new Secret<readonly EncryptionKey[]>([]),
      kms: kmsOf(env.KMS_KEY_ARN),
    })),
  keysOrKms,
)

/** The same for `pnpm provision`, which needs KMS alone to be right. */
export const keyService = concern(
  z.object({ KMS_KEY_ARN: keyArn.optional() }).transform(({ KMS_KEY_ARN }) => kmsOf(KMS_KEY_ARN)),
)
