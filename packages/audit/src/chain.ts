import { createHmac, type KeyObject } from 'node:crypto'

/** A key of the deployment and the name under which entries refer to it. 32 bytes. */
export interface AuditKey {
  readonly id: string
  readonly key: Uint8Array | KeyObject
}

/**
 * Keyed hash of a record, all of its fields but `except`. Keyed, so that who can write where the trail is kept still cannot
 * make a record that fits; over sorted names, so that a log shipper may order them as it likes.
 */
export const seal = ({ key }: AuditKey, record: Readonly<Record<string, unknown>>, except: 'hash' | 'sig'): string =>
  createHmac('sha256', key)
    .update(canonical(Object.fromEntries(Object.entries(record).filter(([name]) => name !== except))))
    .digest('base64url')

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined)
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([name, entry]) => `${JSON.stringify(name)}:${canonical(entry)}`).join(',')}}`
}
