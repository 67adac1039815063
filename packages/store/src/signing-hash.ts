import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto'

type Data = string | ArrayBuffer | ArrayBufferView

interface SigningHash {
  update(data: Data): void
  digest(): Promise<Uint8Array>
  reset(): void
}
type SigningHashConstructor = new (secret?: Data) => SigningHash

/**
 * SHA-256 as the SDK signs each call with it, plain and keyed. The SDK's own makes a key object anew for both keyed hashes
 * of a call, which is 30 of the 35 us that each takes on Node 24, a seventh of a small call's CPU
 * (docs/performance/sync.md). Secret and day's key are the same all day: the last few key objects are kept, by client.
 */
export function createSigningHash(): SigningHashConstructor {
  const keys = rememberedKeys()
  return class {
    readonly #secret: Data | undefined
    #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>

    constructor(secret?: Data) {
      this.#secret = secret
      this.#hash = this.#begun()
    }

    #begun() {
      return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', keys(this.#secret))
    }

    update(data: Data): void {
      this.#hash.update(typeof data === 'string' ? data : bytesOf(data))
    }

    async digest(): Promise<Uint8Array> {
      return this.#hash.digest()
    }

    reset(): void {
      this.#hash = this.#begun()
    }
  }
}

/** The secret and the day's key of one set of credentials, and of the next ones while they change. */
const KEYS = 4

function rememberedKeys(): (secret: Data) => KeyObject {
  const known = new Map<Data, KeyObject>()
  return (secret) => {
    const key = known.get(secret) ?? createSecretKey(typeof secret === 'string' ? Buffer.from(secret) : bytesOf(secret))
    known.set(secret, key)
    const [oldest] = known.keys()
    if (known.size > KEYS && oldest !== undefined) known.delete(oldest)
    return key
  }
}

const bytesOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
