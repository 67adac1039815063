import { createHmac } from 'node:crypto'
import { Instant } from '@bg-ingest/domain'
import * as z from 'zod'
import { deriveKeys, type EncryptionKeys } from './encryption-keys.ts'
import { safeEqual } from './random-token.ts'
import { createUserHasher } from './user-hasher.ts'

const count = z.number().int().nonnegative()

const Facts = z.object({
  /** Id of the erasure: the same in every copy of its receipt. */
  erasure: z.string(),
  /** When it began, and when nothing was left. */
  at: Instant,
  completedAt: Instant,
  readings: count,
  logItems: count,
  jobs: count,
  keys: count,
})
/** What was deleted of a person, in counts. */
export type ErasureFacts = z.output<typeof Facts>

/** Proof of an erasure: names the person by a keyed hash alone, and holds no health data. */
export const ErasureReceipt = z.strictObject({ v: z.literal(1), user: z.string(), ...Facts.shape, mac: z.string() })
export type ErasureReceipt = z.output<typeof ErasureReceipt>

export interface ErasureReceipts {
  sign(userId: string, facts: ErasureFacts): ErasureReceipt
  /** Whether we have signed it, with any of the configured keys, and nobody has changed it since. */
  isAuthentic(receipt: ErasureReceipt): boolean
  /** Whether it is about this person. */
  isAbout(receipt: ErasureReceipt, userId: string): boolean
}

/** Receipts outlive the first key, as long as it stays configured behind a newer one. */
export function createErasureReceipts(keys: EncryptionKeys): ErasureReceipts {
  const [signing, ...older] = deriveKeys(keys, 'erasure-receipt')
  if (!signing) throw new Error('no encryption key')
  const hashers = keys.map((key) => createUserHasher([key]))
  const macOf = (key: Uint8Array, signed: Omit<ErasureReceipt, 'mac'>) =>
    createHmac('sha256', key).update(canonical(signed)).digest('base64url')
  return {
    sign(userId, facts) {
      const signed = { v: 1, user: hashers[0]?.(userId) ?? '', ...facts } as const
      return { ...signed, mac: macOf(signing, signed) }
    },
    isAuthentic({ mac, ...signed }) {
      return [signing, ...older].some((key) => safeEqual(mac, macOf(key, signed)))
    },
    isAbout: ({ user }, userId) => hashers.some((hash) => hash(userId) === user),
  }
}

/** One text for one content, whatever the order in which a store or a log hands the fields back. */
const canonical = (signed: Omit<ErasureReceipt, 'mac'>): string => JSON.stringify(Object.entries(signed).sort())
