import { createHmac } from 'node:crypto'
import { deriveKey, type EncryptionKeys } from './encryption-keys.ts'

/** Tells contents apart without giving them away: glucose has some 360 values, so a plain hash could be tried out. */
export function createContentHasher(keys: EncryptionKeys, purpose: string): (content: string) => string {
  const key = deriveKey(keys, `content-hash/${purpose}`)
  return (content) => createHmac('sha256', key).update(content).digest('base64url')
}
