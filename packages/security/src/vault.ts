import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  getLocalCryptographicMaterialsCache,
  type KeyringNode,
  MultiKeyringNode,
  NodeCachingMaterialsManager,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node'
import { AppError, type UserId } from '@bg-ingest/domain'
import type { EncryptionKey, EncryptionKeys } from './encryption-keys.ts'
import { createKmsKeyring, type KmsKey } from './kms-keyring.ts'

export interface Vault {
  /** Plain text -> base64, readable again only as the same field of the same person. Throws `service_unavailable` without KMS. */
  seal(userId: UserId, field: string, plain: string): Promise<string>
  /**
   * Throws AppError `token_unreadable` where the key is gone, a byte has changed, or it is another person's or field's;
   * `service_unavailable` where KMS cannot be asked.
   */
  open(userId: UserId, field: string, sealed: string): Promise<string>
}

// Without the suite's signature: we are the only writer, and it would cost 200 bytes and 3 ms a token (stack.md 5).
const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY

const rawKeyring = ({ id, key }: EncryptionKey) =>
  new RawAesKeyringNode({
    keyNamespace: 'bg-ingest',
    keyName: id,
    // A copy of its own: the SDK refuses a key that lies in a shared buffer.
    unencryptedMasterKey: new Uint8Array(key),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  })

/**
 * Envelope encryption (AWS Encryption SDK): a fresh data key per text, wrapped by KMS where one is given, else by the
 * first key; KMS and all keys unwrap, so that data moves over as it is sealed anew.
 */
export function createVault(keys: EncryptionKeys, kmsKey: KmsKey | null = null): Vault {
  const { encrypt, decrypt } = buildClient({
    commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
    maxEncryptedDataKeys: 1,
  })
  const kms = kmsKey && createKmsKeyring(kmsKey)
  const raw = keys.map(rawKeyring)
  const sealing: KeyringNode | undefined = kms?.keyring ?? raw[0]
  if (!sealing) throw new Error('no encryption key')
  const all = new MultiKeyringNode({ children: kms ? [kms.keyring, ...raw] : raw })
  const opening = kms ? remembering(all) : all
  const watch = kms?.watch ?? unwatched

  return {
    seal: (userId, field, plain) =>
      watch(async () => {
        const { result } = await encrypt(sealing, plain, { suiteId, encryptionContext: { userId, field } })
        return result.toString('base64')
      }, unsealed),
    open: (userId, field, sealed) =>
      watch(async () => {
        const { plaintext, messageHeader } = await decrypt(opening, Buffer.from(sealed, 'base64'))
        // The SDK authenticates the context but does not compare it: that is left to us (stack.md 5).
        const context = messageHeader.encryptionContext
        if (context.userId !== userId || context.field !== field) throw new Error('sealed for another')
        return plaintext.toString('utf8')
      }, unreadable),
  }
}

/** A token is opened by every poll and changes every two hours: within an hour KMS is asked once. */
const REMEMBERED_MS = 3_600_000
const REMEMBERED_KEYS = 1_000

/**
 * Remembers unwrapped data keys. The SDK's cache names them by wrapped key and context, and every text has a data key of
 * its own, so nobody's key ever opens another person's text. Sealing does not go through it.
 */
const remembering = (backingMaterials: MultiKeyringNode) =>
  new NodeCachingMaterialsManager({
    backingMaterials,
    cache: getLocalCryptographicMaterialsCache(REMEMBERED_KEYS),
    maxAge: REMEMBERED_MS,
  })

const unwatched = <T>(work: () => Promise<T>, onFailure: (failure: unknown, isAway: boolean) => never): Promise<T> =>
  work().catch((err: unknown) => onFailure(err, false))

const kmsAway = () => new AppError('service_unavailable', 'The key service cannot be reached')

// NOTE: no cause where KMS spoke: its errors carry the whole exchange.
function unsealed(cause: unknown, isAway: boolean): never {
  throw isAway ? kmsAway() : new AppError('internal_error', 'A token could not be encrypted', { cause })
}

function unreadable(cause: unknown, isAway: boolean): never {
  throw isAway ? kmsAway() : new AppError('token_unreadable', 'A stored token cannot be decrypted', { cause })
}
