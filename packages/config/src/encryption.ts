import * as z from 'zod'
import { concern, type Rule } from './concern.ts'
import { parseBase64, parsed, parseEach } from './fields.ts'
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

const noKms: Rule = (env) =>
  env.KMS_KEY_ARN === undefined
    ? []
    : [{ name: 'KMS_KEY_ARN', detail: 'not supported by this build yet, use ENCRYPTION_KEYS' }]

/** The first key encrypts, all decrypt. */
export const encryption = concern(
  z
    .object({
      ENCRYPTION_KEYS: parsed(readKeys, `must be a comma-separated list of id:base64(${KEY_BYTES} bytes), no id twice`),
    })
    .transform((env) => ({ keys: env.ENCRYPTION_KEYS })),
  noKms,
)
