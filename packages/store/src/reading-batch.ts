import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import type { ReadingKey, StoredReading, UserId } from '@bg-ingest/domain'
import { fromItem, isExpired } from './reading-codec.ts'

/** DynamoDB takes at most 100 keys in one BatchGetItem. */
const KEYS_PER_CALL = 100
/** Rounds of asking again for what DynamoDB left out under load; each waits longer. */
const ROUNDS = 8

/** Readings by key, strongly consistent. A partial answer is never returned as complete: it throws instead. */
export async function readByKeys(
  client: DynamoDBDocumentClient,
  table: string,
  userId: UserId,
  keys: readonly ReadingKey[],
  /** Given: what has expired by this time (epoch milliseconds) is left out. */
  nowMs?: number,
): Promise<Map<ReadingKey, StoredReading>> {
  const found = new Map<ReadingKey, StoredReading>()
  for (let start = 0; start < keys.length; start += KEYS_PER_CALL) {
    let wanted: Record<string, unknown>[] = keys
      .slice(start, start + KEYS_PER_CALL)
      .map((readingKey) => ({ userId, readingKey }))
    for (let round = 0; wanted.length > 0; round += 1) {
      if (round === ROUNDS) throw new Error('DynamoDB kept leaving keys unprocessed')
      if (round > 0) await new Promise((resolve) => setTimeout(resolve, 2 ** round * 25))
      const answer = await client.send(
        new BatchGetCommand({ RequestItems: { [table]: { Keys: wanted, ConsistentRead: true } } }),
      )
      for (const item of present(answer.Responses?.[table] ?? [], nowMs))
        found.set(item['readingKey'] as ReadingKey, fromItem(item))
      wanted = answer.UnprocessedKeys?.[table]?.Keys ?? []
    }
  }
  return found
}

const present = (items: readonly Record<string, unknown>[], nowMs: number | undefined) =>
  nowMs === undefined ? items : items.filter((item) => !isExpired(item, nowMs))
