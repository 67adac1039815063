import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { type StoredReading, toInstant, type UserId } from '@bg-ingest/domain'
import { type RangeQuery, type ReadingPage, readRange } from './range-reader.ts'

export interface ReadingReader {
  /** The newest reading of type cgm, or null. */
  latest(userId: UserId): Promise<StoredReading | null>
  range(query: RangeQuery): Promise<ReadingPage>
}

const EVER = { from: toInstant(0), to: toInstant(Date.UTC(9999, 11, 31)) }
const CGM = new Set(['cgm'] as const)

/** `retentionDays`: what is older is not shown, whatever expiry it was stored with; 0 shows everything. */
export function createReadingReader(
  client: DynamoDBDocumentClient,
  table: string,
  now: () => number,
  retentionDays = 0,
): ReadingReader {
  const limits = () => ({ nowMs: now(), retentionDays })
  return {
    async latest(userId) {
      const query = { userId, ...EVER, order: 'desc', limit: 1, types: CGM } as const
      return (await readRange(client, table, query, limits())).readings[0] ?? null
    },
    range: (query) => readRange(client, table, query, limits()),
  }
}
