/** Length of what the header says before the context: version, suite, message id. AWS Encryption SDK, message format 2. */
const FIXED_BYTES = 1 + 2 + 32
/** Behind a raw key's name: lengths of tag and IV, and the IV. */
const RAW_TAIL_BYTES = 4 + 4 + 12

/** Which key a text of the vault is sealed with: the id of a configured key, or the ARN of a KMS key; null where it cannot be read. */
export function sealedBy(sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64')
  try {
    if (bytes[0] !== 2) return null
    // Lengths of the context, then the number of wrapped keys, of which we allow one; each field says its length.
    let at = FIXED_BYTES
    const field = () => {
      const length = bytes.readUInt16BE(at)
      const content = bytes.subarray(at + 2, at + 2 + length)
      at += 2 + length
      return content
    }
    field()
    if (bytes.readUInt16BE(at) !== 1) return null
    at += 2
    const provider = field().toString('utf8')
    const info = field()
    return (provider === 'bg-ingest' ? info.subarray(0, info.length - RAW_TAIL_BYTES) : info).toString('utf8')
  } catch {
    return null // NOTE: shorter than it says it is
  }
}
