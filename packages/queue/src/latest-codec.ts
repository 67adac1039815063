import type { ConnectionStatus, Instant, PublicReading, UserId } from '@bg-ingest/domain'
import { DEFAULT_PREFIX } from './queues.ts'
import { userKey } from './user-key.ts'

/** What stands in an entry: all that the newest reading of a person is answered with, and how far their data stands. */
export interface StoredEntry {
  /** Id of the lease under which it was true. */
  readonly run: string
  readonly committedSequence: number
  readonly completeThrough: Instant | null
  readonly connection: {
    readonly status: ConnectionStatus
    readonly region: string
    readonly connectedAt: Instant | null
    readonly pollIntervalSeconds: number | null
    readonly paused: boolean
    readonly parkedAt?: Instant | null | undefined
  } | null
  readonly reading: PublicReading | null
}

/** Encrypts entries; `binding` says whose. */
export interface EntrySealer {
  seal(binding: string, plain: string): Buffer
  /** Null where it cannot be opened. */
  open(binding: string, sealed: Uint8Array): string | null
}

/** Part of every sealed text, so that an entry of another layout is none. */
const LAYOUT = 'latest-1'
const LINE_END = 10
const DOWN = 'o'
const UP = 's'

export const latestKey = (userId: UserId, prefix: string = DEFAULT_PREFIX): string =>
  `${prefix}:latest:${userKey(userId)}`

/** What stands in place of an entry that a run has taken down. */
export const downMark = (leaseId: string): string => `${DOWN}${leaseId}`

const bindingOf = (userId: UserId): string => `${LAYOUT}\n${userId}`

/** What knows how far it stands, and the reading as it is served: who serves it needs to read the first line alone. */
export function sealEntry(sealer: EntrySealer, userId: UserId, { reading, ...rest }: StoredEntry): Buffer {
  const { timestamp, sequence, revision, receivedAt } = reading ?? {}
  const head = reading && { timestamp, sequence, revision, receivedAt }
  return sealer.seal(bindingOf(userId), `${JSON.stringify({ ...rest, head })}\n${JSON.stringify(reading)}`)
}

/** An entry that is up. */
export interface UpEntry {
  /** Epoch milliseconds, by the clock of Redis. */
  readonly atMs: number
  readonly sealed: Buffer
}

/** Null for a mark, and for what another version has written. */
export function parseUp(value: Buffer | null): UpEntry | null {
  if (value?.[0] !== UP.charCodeAt(0)) return null
  const end = value.indexOf(LINE_END)
  const atMs = Number(value.toString('latin1', 1, end))
  return end > 0 && Number.isSafeInteger(atMs) ? { atMs, sealed: value.subarray(end + 1) } : null
}

export interface OpenedEntry extends Omit<StoredEntry, 'reading'> {
  readonly head: Pick<PublicReading, 'timestamp' | 'sequence' | 'revision' | 'receivedAt'> | null
  /** The reading as JSON, `null` where there is none. */
  readonly readingJson: string
}

/** Null where it is not this person's, cannot be decrypted, or is of another layout. */
export function openEntry(sealer: EntrySealer, userId: UserId, { sealed }: UpEntry): OpenedEntry | null {
  const text = sealer.open(bindingOf(userId), sealed)
  if (text === null) return null
  const end = text.indexOf('\n')
  return { ...JSON.parse(text.slice(0, end)), readingJson: text.slice(end + 1) }
}
