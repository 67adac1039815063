import { createSecretKey, type KeyObject } from 'node:crypto'
import type { AuditKey } from './chain.ts'
import { openAuditStream } from './stream.ts'
import { type AuditTrail, type AuditTrailOptions, createAuditTrail } from './trail.ts'

export interface OpenTrailOptions extends Pick<AuditTrailOptions, 'store' | 'now' | 'beatMs'> {
  /** Which kind of process writes: `api`, `worker` … */
  readonly service: string
  /** File to append to; null for stdout. */
  readonly file: string | null
  /** Newest first. */
  readonly keys: readonly AuditKey[]
  readonly stdout: (text: string) => void
  /** Told when file or store do not take what they should, once for each stretch of failures. */
  readonly onFailed: (error: unknown) => void
  readonly newId: () => string
}

/** Opens the trail of this process. Throws where its file cannot be appended to. */
export function openAuditTrail(options: OpenTrailOptions): AuditTrail {
  const { service, file, keys, stdout, onFailed, newId, ...rest } = options
  const [key] = keys
  if (!key) throw new Error('no key for the audit trail')
  const write = openAuditStream(file, { stdout, onFailed })
  return createAuditTrail({
    ...rest,
    writer: `${service}-${newId()}`,
    key: madeOnce(key),
    write,
    onStoreFailed: onFailed,
  })
}

/** From bytes Node 24 makes a key object anew for each hash, which takes 30 of its 35 microseconds. */
const madeOnce = ({ id, key }: AuditKey): AuditKey => ({ id, key: isBytes(key) ? createSecretKey(key) : key })

const isBytes = (key: Uint8Array | KeyObject): key is Uint8Array => key instanceof Uint8Array
