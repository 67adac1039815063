import { hkdfSync } from 'node:crypto'

export interface EncryptionKey {
  readonly id: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

/** The configured keys, newest first: the first is used for what is new, all for what exists. */
export type EncryptionKeys = readonly EncryptionKey[]

const KEY_BYTES = 32

/** One key per purpose (RFC 5869), so that no two uses of a configured key ever share bytes. Throws where there is no key. */
export function deriveKey(keys: EncryptionKeys, purpose: string): Uint8Array {
  const [key] = deriveKeys(keys, purpose)
  if (!key) throw new Error('no encryption key')
  return key
}

/** The same for every key, in their order. */
export const deriveKeys = (keys: EncryptionKeys, purpose: string): readonly Uint8Array[] =>
  keys.map(({ key }) => new Uint8Array(hkdfSync('sha256', key, '', `bg-ingest/${purpose}`, KEY_BYTES)))
