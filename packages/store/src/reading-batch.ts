import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import type { ReadingKey, StoredReading, UserId } from '@bg-ingest/domain'
import { pauseBefore, TRIES } from './attempts.ts'
import { fromItem, isVoid } from './reading-codec.ts'
import { isExpired } from './retention.ts'

/** DynamoDB takes at most 100 keys in one BatchGetItem. */
const KEYS_PER_CALL = 100
/** Readings by key, strongly consistent. A partial answer is never returned as complete: it throws instead. */
export async function readByKeys(
  client: DynamoDBDocumentClient,
  table: string,
  userId: UserId,
  keys: readonly ReadingKey[],
  /** Given: what has expired by this time (epoch milliseconds), or is past retention then, is left out. */
  limits?: { readonly nowMs: number; readonly retentionDays: number },
): Promise<Map<ReadingKey, StoredReading>> {
  const found = new Map<ReadingKey, StoredReading>()
  for (const item of await itemsByKeys(client, table, userId, keys))
    if (!isVoid(item) && (limits === undefined || !isExpired(item, limits.nowMs, limits.retentionDays)))
      found.set(item['readingKey'] as ReadingKey, fromItem(item))
  return found
}

/** The items themselves, voids and all. */
export async function itemsByKeys(
  client: DynamoDBDocumentClient,
  table: string,
  userId: UserId,
  keys: readonly ReadingKey[],
): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = []
  for (let start = 0; start < keys.length; start += KEYS_PER_CALL) {
    let wanted: Record<string, unknown>[] = keys
      .slice(start, start + KEYS_PER_CALL)
      .map((readingKey) => ({ userId, readingKey }))
    for (let round = 0; wanted.length > 0; round += 1) {
      if (round === TRIES) throw new Error('DynamoDB kept leaving keys unprocessed')
      await pauseBefore(round)
      const answer = await client.send(
        new BatchGetCommand({ RequestItems: { [table]: { Keys: wanted, ConsistentRead: true } } }),
      )
      items.push(...(answer.Responses?.[table] ?? []))
      wanted = answer.UnprocessedKeys?.[table]?.Keys ?? []
    }
  }
  return items
}
