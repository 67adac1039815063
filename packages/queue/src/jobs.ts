import { Instant, PRIORITY, UserId } from '@bg-ingest/domain'
import * as z from 'zod'
import { defineJob, type JobDefinition } from './define-job.ts'
import { userKey } from './user-key.ts'

const HOUR_S = 3_600
const DAY_S = 24 * HOUR_S

/** Delays come from retryDelayMs (backoff.ts): full jitter, 1 s to 5 min. No stack goes to Redis. */
const RETRY = { attempts: 8, backoff: { type: 'custom' }, stackTraceLimit: 0 } as const
const KEEP_FAILED = { age: 7 * DAY_S, count: 10_000 }

export const SYNC_TRIGGERS = ['manual', 'webhook', 'poll'] as const
export type SyncTrigger = (typeof SYNC_TRIGGERS)[number]

const Range = z.object({ from: Instant, to: Instant })
export type SyncRange = z.output<typeof Range>

/**
 * Fields that a later version adds are left out, not refused: both run side by side during an upgrade. What may not be left
 * out has to be another `v`, which this version keeps aside (parked-jobs.ts).
 */
const OfUser = z.object({
  v: z.literal(1),
  userId: UserId,
  /** Of the request, or the job, that led to this one; absent in jobs of older versions. */
  requestId: z.string().optional(),
})

/** A range has an id of its own: it neither swallows the ordinary sync nor is swallowed by it. */
export function syncDedupId({ userId, range }: { readonly userId: UserId; readonly range?: SyncRange | undefined }) {
  return userKey(userId, 'sync', ...(range ? [range.from, range.to] : []))
}

/** Every kind of work this service does. Start here to learn what the workers run. */
export const jobs = {
  syncUser: defineJob({
    name: 'sync-user',
    queue: 'bg-sync',
    schema: OfUser.extend({
      trigger: z.enum(SYNC_TRIGGERS),
      requestId: z.string(),
      range: Range.optional(),
      /** The very call that made this job: tells it from an equal one that had the id already (request-sync.ts). */
      mark: z.string().optional(),
    }),
    dedup: syncDedupId,
    keepLastIfActive: true,
    priority: ({ trigger }) => PRIORITY[trigger],
    // The status stays readable for at least an hour after the end (contract 3); two leave room for slow readers.
    options: { ...RETRY, removeOnComplete: { age: 2 * HOUR_S }, removeOnFail: KEEP_FAILED },
  }),
  ingestPush: defineJob({
    name: 'ingest-push',
    queue: 'bg-sync',
    schema: OfUser.extend({
      requestId: z.string(),
      /** Pushed readings, encrypted; null for a notice, which only leads to a sync. */
      sealed: z.string().nullable(),
      digest: z.string(),
    }),
    // The id is claimed with the delivery's own (accept-webhook.ts).
    dedup: () => null,
    keepLastIfActive: false,
    priority: () => PRIORITY.webhook,
    options: { ...RETRY, removeOnComplete: { age: 2 * HOUR_S }, removeOnFail: KEEP_FAILED },
  }),
  importHistory: defineJob({
    name: 'import-history',
    queue: 'bg-history',
    schema: OfUser,
    dedup: ({ userId }) => userKey(userId, 'history'),
    // The handler asks for the next window while its own job still runs.
    keepLastIfActive: true,
    priority: () => PRIORITY.history,
    options: { ...RETRY, removeOnComplete: { age: HOUR_S }, removeOnFail: KEEP_FAILED },
  }),
  connectUser: defineJob({
    name: 'connect-user',
    queue: 'bg-connection',
    schema: OfUser.extend({
      region: z.string(),
      sealedCode: z.string(),
      sealedVerifier: z.string().optional(),
      requestId: z.string(),
    }),
    dedup: () => null,
    keepLastIfActive: false,
    inOrder: true,
    priority: () => PRIORITY.manual,
    // A code lives about a minute, so few tries; what Dexcom refuses is not tried again at all.
    options: { ...RETRY, attempts: 3, removeOnComplete: { age: HOUR_S }, removeOnFail: { ...KEEP_FAILED, age: DAY_S } },
  }),
  disconnectUser: defineJob({
    name: 'disconnect-user',
    queue: 'bg-connection',
    schema: OfUser.extend({ erase: z.boolean(), requestId: z.string() }),
    // Disconnect, connect, disconnect in quick succession must end disconnected: the third may not join the first.
    dedup: () => null,
    keepLastIfActive: false,
    inOrder: true,
    priority: () => PRIORITY.manual,
    // After an erasure nothing may name the user, so the job itself does not stay either.
    options: { ...RETRY, removeOnComplete: true, removeOnFail: KEEP_FAILED },
  }),
  configureUser: defineJob({
    name: 'configure-user',
    queue: 'bg-connection',
    schema: OfUser.extend({
      /** Null: back to the service's own interval. */
      pollIntervalSeconds: z.number().int().positive().nullable().optional(),
      paused: z.boolean().optional(),
      requestId: z.string(),
    }),
    dedup: () => null,
    keepLastIfActive: false,
    inOrder: true,
    priority: () => PRIORITY.manual,
    options: { ...RETRY, removeOnComplete: { age: HOUR_S }, removeOnFail: { ...KEEP_FAILED, age: DAY_S } },
  }),
  reconcileUser: defineJob({
    name: 'reconcile',
    queue: 'bg-maintenance',
    schema: OfUser,
    dedup: ({ userId }) => userKey(userId, 'reconcile'),
    // The handler asks for the next window while its own job still runs.
    keepLastIfActive: true,
    priority: () => PRIORITY.history,
    options: { ...RETRY, removeOnComplete: true, removeOnFail: KEEP_FAILED },
  }),
  examineUser: defineJob({
    name: 'examine',
    queue: 'bg-maintenance',
    schema: OfUser,
    dedup: ({ userId }) => userKey(userId, 'examine'),
    keepLastIfActive: false,
    priority: () => PRIORITY.history,
    options: { ...RETRY, removeOnComplete: true, removeOnFail: KEEP_FAILED },
  }),
  applyRetention: defineJob({
    name: 'apply-retention',
    queue: 'bg-maintenance',
    schema: OfUser,
    dedup: ({ userId }) => userKey(userId, 'retention'),
    // The handler asks for the next piece while its own job still runs.
    keepLastIfActive: true,
    priority: () => PRIORITY.history,
    options: { ...RETRY, removeOnComplete: true, removeOnFail: KEEP_FAILED },
  }),
  publishChanges: defineJob({
    name: 'publish-changes',
    queue: 'bg-maintenance',
    schema: OfUser,
    dedup: ({ userId }) => userKey(userId, 'publish'),
    // The handler asks for the next part while its own job still runs; and what is stored meanwhile must not be missed.
    keepLastIfActive: true,
    priority: () => PRIORITY.poll,
    options: { ...RETRY, removeOnComplete: true, removeOnFail: KEEP_FAILED },
  }),
  pollTick: defineJob({
    name: 'poll-tick',
    queue: 'bg-tick',
    schema: OfUser,
    dedup: () => null,
    keepLastIfActive: false,
    priority: () => PRIORITY.poll,
    // A kept tick that holds the id of a coming slot stops its scheduler in silence (BullMQ 6.7.0, measured).
    options: { attempts: 1, stackTraceLimit: 0, removeOnComplete: true, removeOnFail: true },
  }),
}

export type JobKey = keyof typeof jobs
export type JobInput<K extends JobKey> = z.input<(typeof jobs)[K]['schema']>
export type JobData<K extends JobKey> = z.output<(typeof jobs)[K]['schema']>

/** A definition seen through its key. The one place that tells the compiler that key and data belong together. */
export function definitionOf<K extends JobKey>(key: K): JobDefinition<string, z.ZodType<JobData<K>>> {
  return jobs[key] as unknown as JobDefinition<string, z.ZodType<JobData<K>>>
}

export const JOB_KEYS = Object.keys(jobs) as JobKey[]
