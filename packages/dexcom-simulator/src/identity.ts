import { hash } from 'node:crypto'

/** Dexcom's userId: 64 hex, one per account and application (swagger: userId). */
export const dexcomUserId = (seed: string, clientId: string, user: string): string =>
  hash('sha256', `${seed}\nuser\n${clientId}\n${user}`)

/** Dexcom's pseudonym of a transmitter: 64 hex, which cannot be traced to the real one. */
export const transmitterId = (seed: string, user: string, ordinal: number): string =>
  hash('sha256', `${seed}\ntransmitter\n${user}\n${ordinal}`)

/**
 * A name-based UUID (version 5 layout over SHA-1): the same record has the same id for one application for ever, and
 * another id for another application (swagger: "identifies EGV record for the given client").
 */
export function recordId(namespace: string, key: string): string {
  const hex = hash('sha1', `${namespace}\n${key}`)
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) & 3)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
