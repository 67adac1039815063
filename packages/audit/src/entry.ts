import * as z from 'zod'

/** Something that was done. Names of people appear as keyed hashes only; no values, no tokens. */
export interface AuditEvent {
  /** What was done: `sync`, `token.presented`, `GET /api/bg/{userId}/latest` … */
  readonly action: string
  /** Who did it: `person:<hash>`, `service:<hash>`, `sender:<hash>`, `operator`, `worker`, `anonymous`. */
  readonly actor: string
  /** How it ended: `ok`, an HTTP status, or an error code. */
  readonly outcome: string
  /** Keyed hash of the person whom it concerns. */
  readonly object?: string
  readonly requestId?: string
  readonly jobId?: string
  /** How many such things this stands for; left out for one. */
  readonly count?: number
  /** Keyed hashes of the people whom those concern, where there are several. */
  readonly objects?: readonly string[]
  /** Counts and closed words. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>
}

const count = z.number().int().positive()
/** SHA-256, base64url. */
const digest = z.string().length(43)
const common = {
  stream: z.literal('audit'),
  v: z.literal(1),
  /** RFC 3339, UTC. */
  ts: z.string(),
  /** The process that wrote it; no two have the same. */
  writer: z.string(),
  /** From 1, without a hole. */
  n: count,
  /** Id of the key that it is hashed with. */
  key: z.string(),
}

/** Fields that a later version adds are hashed like the rest, so none is dropped. */
export const AuditEntry = z.looseObject({
  ...common,
  kind: z.literal('entry'),
  action: z.string(),
  actor: z.string(),
  outcome: z.string(),
  object: z.string().optional(),
  requestId: z.string().optional(),
  jobId: z.string().optional(),
  /** How many such things this stands for; absent for one. */
  count: count.optional(),
  /** Keyed hashes of the people whom those concern, where there are several. */
  objects: z.array(z.string()).optional(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  /** Hash of the entry before; empty for the first. */
  prev: z.union([digest, z.literal('')]),
  hash: digest,
})
export type AuditEntry = z.output<typeof AuditEntry>

/** Says, signed, how far a chain had come: what is cut off behind its last entry shows by it. */
export const AuditHead = z.looseObject({
  ...common,
  kind: z.literal('head'),
  /** Hash of entry `n`. */
  hash: digest,
  /** Whether the store had everything up to `n` when this was written. */
  stored: z.boolean(),
  sig: digest,
})
export type AuditHead = z.output<typeof AuditHead>

export const AuditLine = z.discriminatedUnion('kind', [AuditEntry, AuditHead])
export type AuditLine = z.output<typeof AuditLine>
