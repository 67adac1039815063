import { deriveKeys, type EncryptionKey, type EncryptionKeys } from './encryption-keys.ts'

/** A key for one purpose from each configured key, under its name and in its order: what is made under one says so by its name. */
export const namedKeys = (keys: EncryptionKeys, purpose: string): readonly EncryptionKey[] =>
  deriveKeys(keys, purpose).map((key, i) => ({ id: keys[i]?.id ?? '', key }))
