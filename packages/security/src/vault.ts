import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  MultiKeyringNode,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node'
import { AppError, type UserId } from '@bg-ingest/domain'
import type { EncryptionKey, EncryptionKeys } from './encryption-keys.ts'

export interface Vault {
  /** Plain text -> base64, readable again only as the same field of the same person. */
  seal(userId: UserId, field: string, plain: string): Promise<string>
  /** Throws AppError `token_unreadable` where the key is gone, a byte has changed, or it is another person's or field's. */
  open(userId: UserId, field: string, sealed: string): Promise<string>
}

// Without the suite's signature: we are the only writer, and it would cost 200 bytes and 3 ms a token (stack.md 5).
const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY

const keyring = ({ id, key }: EncryptionKey) =>
  new RawAesKeyringNode({
    keyNamespace: 'bg-ingest',
    keyName: id,
    // A copy of its own: the SDK refuses a key that lies in a shared buffer.
    unencryptedMasterKey: new Uint8Array(key),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  })

/** Envelope encryption (AWS Encryption SDK): a fresh data key per text, wrapped by the first key; all keys unwrap. */
export function createVault(keys: EncryptionKeys): Vault {
  const [first] = keys
  if (!first) throw new Error('no encryption key')
  const { encrypt, decrypt } = buildClient({
    commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
    maxEncryptedDataKeys: 1,
  })
  const sealing = keyring(first)
  const opening = new MultiKeyringNode({ children: keys.map(keyring) })
  return {
    async seal(userId, field, plain) {
      const { result } = await encrypt(sealing, plain, { suiteId, encryptionContext: { userId, field } })
      return result.toString('base64')
    },
    async open(userId, field, sealed) {
      const { plaintext, messageHeader } = await decrypt(opening, Buffer.from(sealed, 'base64')).catch(unreadable)
      // The SDK authenticates the context but does not compare it: that is left to us (stack.md 5).
      const context = messageHeader.encryptionContext
      if (context.userId !== userId || context.field !== field) return unreadable(new Error('sealed for another'))
      return plaintext.toString('utf8')
    },
  }
}

function unreadable(cause: unknown): never {
  throw new AppError('token_unreadable', 'A stored token cannot be decrypted', { cause })
}
