import { type DynamoDBDocumentClient, PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb'
import {
  type Instant,
  type ReadingKey,
  readingKeys,
  type StoredReading,
  toInstant,
  type UserId,
  type Window,
} from '@bg-ingest/domain'
import { steady } from './attempts.ts'
import { allEnded, batchWrite } from './batch-write.ts'
import { holds, leaseLost } from './conditional.ts'
import { countItems } from './count-items.ts'
import { erasePartition } from './erase-partition.ts'
import { refuseOversized } from './item-size.ts'
import { readByKeys } from './reading-batch.ts'
import { fromItem, isVoid, type ReadingItem, toItem } from './reading-codec.ts'
import { type ExpiryPage, reexpire } from './reexpire.ts'
import { isExpired, readingExpiry } from './retention.ts'
import type { Lease } from './state-writer.ts'
import { sealClaims } from './void-marker.ts'

export interface ReadingWriter {
  between(userId: UserId, window: Window): Promise<Map<ReadingKey, StoredReading>>
  byKeys(userId: UserId, keys: readonly ReadingKey[]): Promise<Map<ReadingKey, StoredReading>>
  count(userId: UserId): Promise<number>
  eraseAll(userId: UserId, stillHeld: () => void): Promise<number>
  reexpire(userId: UserId, page: ExpiryPage, stillHeld: () => void): Promise<string | null>
  write(lease: Lease, readings: readonly StoredReading[], stillHeld: () => void): Promise<void>
  writeAbsent(lease: Lease, readings: readonly StoredReading[], stillHeld: () => void): Promise<void>
  seal(userId: UserId, lease: Lease, claims: ReadonlyMap<ReadingKey, number>, stillHeld: () => void): Promise<void>
}

interface WriterOptions {
  readonly table: string
  readonly retentionDays: number
  readonly now: () => number
}

/** Conditional puts of one sync that run side by side; a socket each. */
const PARALLEL_PUTS = 16

/** A repeat of our own put passes; one that was overtaken does not, neither by a newer lease nor by our own next change. */
const NOT_LATE =
  'attribute_not_exists(fence) OR fence < :fence OR (fence = :fence AND (attribute_not_exists(#sequence) OR #sequence <= :sequence))'

/** Write side of the readings table. */
export function createReadingWriter(once: DynamoDBDocumentClient, options: WriterOptions): ReadingWriter {
  const { table, retentionDays, now } = options
  const client = steady(once)
  const itemsOf = (readings: readonly StoredReading[], fence: number) => {
    const keyOf = readingKeys()
    return readings.map((reading) =>
      refuseOversized(toItem(reading, { readingKey: keyOf(reading), fence, retentionDays })),
    )
  }

  const put = async (item: ReadingItem, stillHeld: () => void) => {
    const command = new PutCommand({
      TableName: table,
      Item: item,
      ConditionExpression: NOT_LATE,
      ExpressionAttributeNames: { '#sequence': 'sequence' },
      ExpressionAttributeValues: { ':fence': item['fence'], ':sequence': item['sequence'] },
    })
    if (!(await holds(steady(client, stillHeld).send(command)))) throw leaseLost()
  }

  return {
    async between(userId, { fromMs, toMs }) {
      const found = new Map<ReadingKey, StoredReading>()
      const pages = paginateQuery(
        { client },
        {
          TableName: table,
          KeyConditionExpression: 'userId = :user AND readingKey BETWEEN :from AND :to',
          ExpressionAttributeValues: { ':user': userId, ':from': toInstant(fromMs), ':to': toInstant(toMs) },
          ConsistentRead: true,
        },
      )
      for await (const { Items = [] } of pages)
        for (const stored of Items)
          if (!isVoid(stored) && !isExpired(stored, now(), retentionDays))
            found.set(stored['readingKey'] as ReadingKey, fromItem(stored))
      return found
    },

    byKeys: (userId, keys) => readByKeys(client, table, userId, keys, { nowMs: now(), retentionDays }),

    count: (userId) => countItems(client, { table, sortKey: 'readingKey', userId }),

    eraseAll: (userId, stillHeld) => erasePartition(client, { table, sortKey: 'readingKey', userId, stillHeld }),

    reexpire: (userId, { after, limit, retentionDays: days }, stillHeld) =>
      reexpire(client, {
        table,
        sortKey: 'readingKey',
        userId,
        between: ['0', ':'], // every key begins with a digit of its year
        after,
        limit,
        attributes: ['timestamp'],
        version: 'sequence',
        wanted: ({ timestamp }) =>
          typeof timestamp === 'string' ? readingExpiry(timestamp as Instant, days) : undefined,
        stillHeld,
      }),

    async write({ fence }, readings, stillHeld) {
      const items = itemsOf(readings, fence)
      for (let start = 0; start < items.length; start += PARALLEL_PUTS) {
        await allEnded(items.slice(start, start + PARALLEL_PUTS).map((item) => put(item, stillHeld)))
      }
    },

    async writeAbsent({ fence }, readings, stillHeld) {
      const requests = itemsOf(readings, fence).map((Item) => ({ PutRequest: { Item } }))
      await batchWrite(client, table, requests, stillHeld)
    },

    seal: (userId, lease, claims, stillHeld) =>
      sealClaims(steady(client, stillHeld), table, { userId, lease, claims, nowMs: now() }),
  }
}
