import * as z from 'zod'
import { Instant } from './instant.ts'

/** What made a sync run, most urgent first. */
export const TRIGGERS = ['manual', 'webhook', 'poll', 'history'] as const
export type Trigger = (typeof TRIGGERS)[number]

/** Queue priorities, lower first; every job has one, because BullMQ runs jobs without priority before all others. */
export const PRIORITY = { manual: 1, webhook: 2, poll: 10, history: 100 } as const satisfies Record<Trigger, number>

/** What one sync found and did (contract: result of a sync). Counts only: it is kept in Redis. */
export const SyncResult = z.strictObject({
  from: Instant,
  to: Instant,
  fetched: z.number().int(),
  stored: z.number().int(),
  updated: z.number().int(),
  unchanged: z.number().int(),
  rejected: z.number().int(),
  durationMs: z.number().int(),
})
export type SyncResult = z.infer<typeof SyncResult>

export type Counts = Pick<SyncResult, 'fetched' | 'stored' | 'updated' | 'unchanged' | 'rejected'>

export const NO_COUNTS: Counts = { fetched: 0, stored: 0, updated: 0, unchanged: 0, rejected: 0 }

export const addCounts = (a: Counts, b: Counts): Counts => ({
  fetched: a.fetched + b.fetched,
  stored: a.stored + b.stored,
  updated: a.updated + b.updated,
  unchanged: a.unchanged + b.unchanged,
  rejected: a.rejected + b.rejected,
})
