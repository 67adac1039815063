import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey, deriveKeys, type EncryptionKeys } from './encryption-keys.ts'

export interface CursorCodec {
  /** An opaque base64url text that only the same `binding` (user and query) can open. */
  encode(binding: string, payload: string): string
  /** The payload, or null where the cursor is forged, altered, too long or belongs to another binding. */
  decode(binding: string, cursor: string): string | null
}

/** Half of SHA-256: guessing 128 bits over a network is out of reach, and URLs stay short. */
const MAC_BYTES = 16
/** A sort key and a few flags; URLs of proxies end near 2 kB. */
const MAX_CURSOR_CHARS = 1024

function sign(key: Uint8Array, binding: string, payload: Uint8Array): Uint8Array {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(Buffer.byteLength(binding)) // without it `ab` + `c` and `a` + `bc` would have one signature
  return createHmac('sha256', key).update(size).update(binding).update(payload).digest().subarray(0, MAC_BYTES)
}

/** Signed cursors. They survive a rotation of keys as long as the old key is still configured. */
export function createCursorCodec(keys: EncryptionKeys): CursorCodec {
  const signing = deriveKey(keys, 'cursor')
  const accepted = deriveKeys(keys, 'cursor')
  return {
    encode(binding, payload) {
      const bytes = Buffer.from(payload)
      return Buffer.concat([sign(signing, binding, bytes), bytes]).toString('base64url')
    },
    decode(binding, cursor) {
      if (cursor.length > MAX_CURSOR_CHARS) return null
      const bytes = Buffer.from(cursor, 'base64url')
      // Node skips what is not base64url; only the one text that we would write ourselves counts.
      if (bytes.length < MAC_BYTES || bytes.toString('base64url') !== cursor) return null
      const mac = bytes.subarray(0, MAC_BYTES)
      const payload = bytes.subarray(MAC_BYTES)
      const known = accepted.some((key) => timingSafeEqual(mac, sign(key, binding, payload)))
      return known ? payload.toString('utf8') : null
    },
  }
}
