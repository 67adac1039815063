import { randomBytes } from 'node:crypto'
import { UserId } from '@bg-ingest/domain'
import type { EncryptionKey, EncryptionKeys } from './encryption-keys.ts'
import type { KmsKey } from './kms-keyring.ts'
import { createVault } from './vault.ts'

/** The field tells it from a token of whoever may be called the same: a vault opens nothing under another field. */
const OWNER = UserId.parse('bg-ingest')
const FIELD = 'service-key'
const KEY_BYTES = 32

/** Makes the key from which cursors, hashes and signatures derive where KMS is all there is, and wraps it under KMS. */
export const wrapNewServiceKey = (kms: KmsKey): Promise<string> =>
  createVault([], kms).seal(OWNER, FIELD, randomBytes(KEY_BYTES).toString('base64'))

/**
 * The configured keys, behind them the one that KMS has wrapped; empty where there is neither. Throws AppError
 * `service_unavailable` without KMS, `token_unreadable` where KMS refuses.
 */
export async function withServiceKey(
  keys: EncryptionKeys,
  kms: KmsKey,
  wrapped: string | null,
): Promise<EncryptionKeys> {
  return wrapped === null ? keys : [...keys, await unwrap(kms, wrapped)]
}

async function unwrap(kms: KmsKey, wrapped: string): Promise<EncryptionKey> {
  const key = Buffer.from(await createVault([], kms).open(OWNER, FIELD, wrapped), 'base64')
  return { id: FIELD, key: new Uint8Array(key) }
}
