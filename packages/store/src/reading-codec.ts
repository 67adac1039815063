import { StoredReading } from '@bg-ingest/domain'
import * as z from 'zod'
import { readingExpiry } from './retention.ts'

/** How a reading lies in the table. Absent attributes stand for null: they cost neither bytes nor units. */
export type ReadingItem = Record<string, unknown> & { readonly userId: string; readonly readingKey: string }

interface ItemOptions {
  readonly readingKey: string
  /** Fence of the lease under which it is written. */
  readonly fence: number
  /** 0 keeps for ever. */
  readonly retentionDays: number
}

export function toItem(reading: StoredReading, { readingKey, fence, retentionDays }: ItemOptions): ReadingItem {
  const { device, ...rest } = reading
  const expiresAt = readingExpiry(reading.timestamp, retentionDays)
  return {
    ...withoutNulls(rest),
    ...withoutNulls(device),
    readingKey,
    userId: reading.userId,
    fence,
    ...(expiresAt === null ? {} : { expiresAt }),
  }
}

/** Compiled: a page of a day is parsed in a fifth of the time (docs/performance/reads.md). */
const Item = z.compile(
  z.object({
    transmitterId: z.string().nullable().default(null),
    generation: z.string().nullable().default(null),
    display: z.string().nullable().default(null),
    app: z.string().nullable().default(null),
    localTime: z.string().nullable().default(null),
    bound: StoredReading.shape.bound.default(null),
    trend: StoredReading.shape.trend.default(null),
    trendRate: z.number().nullable().default(null),
    transmitterTicks: z.number().int().nullable().default(null),
    userId: StoredReading.shape.userId,
    timestamp: StoredReading.shape.timestamp,
    glucose: StoredReading.shape.glucose,
    type: StoredReading.shape.type,
    recordId: StoredReading.shape.recordId,
    sequence: StoredReading.shape.sequence,
    revision: StoredReading.shape.revision,
    receivedAt: StoredReading.shape.receivedAt,
    deleted: StoredReading.shape.deleted,
  }),
  { strict: true },
)

/** Parses an item; throws where the table holds something that is no reading, which only another program can have written. */
export function fromItem(item: Record<string, unknown>): StoredReading {
  const { transmitterId, generation, display, app, deleted, ...reading } = Item.parse(item)
  const device = { transmitterId, generation, display, app }
  return { ...reading, device, ...(deleted ? { deleted } : {}) }
}

/** A marker without content, which keeps late writers out (void-marker.ts): no reading, in no answer. */
export const isVoid = (item: Record<string, unknown>): boolean => item['void'] === true

/** Taken back at Dexcom: kept for the change feed alone. */
export const isDeleted = (item: Record<string, unknown>): boolean => item['deleted'] === true

const withoutNulls = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))
