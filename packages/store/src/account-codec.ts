import { CONNECTION_STATUSES, Instant, UserId } from '@bg-ingest/domain'
import * as z from 'zod'

const instant = Instant.nullable().default(null)

const History = z.object({
  state: z.enum(['none', 'running', 'complete', 'failed']),
  from: instant,
  to: instant,
  through: instant,
  readings: z.number().int().default(0),
})

const Reconcile = z.object({
  at: instant,
  rounds: z.number().int().default(0),
  startedAt: instant,
  from: instant,
  through: instant,
})

const Erasure = z.object({
  id: z.string(),
  at: Instant,
  readings: z.number().int(),
  logItems: z.number().int(),
  told: z.boolean(),
  entombed: z.boolean(),
  receipt: z.record(z.string(), z.unknown()).nullable().default(null),
})
export type AccountErasure = z.infer<typeof Erasure>

const Retention = z.object({
  days: z.number().int().nullable(),
  goal: z.number().int().nullable(),
  table: z.enum(['readings', 'log']),
  through: z.string().nullable(),
})

/** Attributes of a person's `state` item that are not the lease itself. */
const State = z.object({
  committedSequence: z.number().int().default(0),
  publishedSequence: z.number().int().default(0),
  newestAt: instant,
  lastAttemptAt: instant,
  lastSuccessAt: instant,
  completeThrough: instant,
  slowRecordsAt: instant,
  history: History.default({ state: 'none', from: null, to: null, through: null, readings: 0 }),
  reconcile: Reconcile.default({ at: null, rounds: 0, startedAt: null, from: null, through: null }),
  erasure: Erasure.nullable().optional(),
  retention: Retention.optional(),
})
export type AccountState = z.infer<typeof State>

const Tokens = z.object({
  access: z.string(),
  refresh: z.string(),
  expiresAt: Instant,
  refreshAt: Instant,
  version: z.number().int(),
  presentedAt: instant,
  presentations: z.number().int(),
  presentAgainAt: instant,
  stamp: z.string().default(''),
})
export type AccountTokens = z.infer<typeof Tokens>

const Notice = z.object({
  id: z.string(),
  routingKey: z.enum(['connection.connected', 'connection.needs_reauth', 'connection.disconnected', 'sync.failed']),
  region: z.string(),
  at: Instant,
  reason: z.string().nullable(),
})

const Connection = z.object({
  userId: UserId,
  status: z.enum(CONNECTION_STATUSES),
  region: z.string(),
  connectedAt: instant,
  dexcomUserId: z.string().nullable().default(null),
  pollIntervalSeconds: z.number().int().nullable().default(null),
  paused: z.boolean().default(false),
  parkedAt: Instant.nullable().optional(),
  problem: z.object({ code: z.string(), detail: z.string() }).nullable().default(null),
  tokens: Tokens.nullable().default(null),
  refusals: z.object({ count: z.number().int(), retryNotBefore: Instant }).nullable().default(null),
  codeId: z.string().nullable().default(null),
  notices: z.array(Notice).readonly().default([]),
})
export type AccountConnection = z.infer<typeof Connection>

export const parseState = (item: Record<string, unknown> | undefined): AccountState => State.parse(item ?? {})
export const parseConnection = (item: Record<string, unknown>): AccountConnection => Connection.parse(item)
