import { BatchGetCommand, type DynamoDBDocumentClient, paginateQuery } from '@aws-sdk/lib-dynamodb'
import type { UserId } from '@bg-ingest/domain'
import { CHANGES_END, CONNECTION, changeItem, STATE } from './keys.ts'

/** What of a person waits for the broker. */
export interface Waiting {
  readonly userId: UserId
  readonly logItems: number
  /** Events of the connection, and of an erasure. */
  readonly notices: number
}

export interface OutboxReader {
  /** How many log items of a person begin above a sequence. */
  logItemsAfter(userId: UserId, sequence: number): Promise<number>
  /**
   * What waits of these people; one of whom a run holds the lease is left out, because what waits is about to change.
   * Eventually consistent: what was written a moment ago may be missing, or told as still waiting.
   */
  waiting(userIds: readonly UserId[]): Promise<readonly Waiting[]>
}

/** DynamoDB takes 100 keys in one BatchGetItem; each person has two here. */
const PEOPLE_PER_BATCH = 50
const BATCHES = 10

type Item = Readonly<Record<string, unknown>>

/** Reads what waits for the broker at half the price of consistent reads: 1.5 units a person who has nothing waiting. */
export function createOutboxReader(client: DynamoDBDocumentClient, table: string, now: () => number): OutboxReader {
  const logItemsAfter = async (userId: UserId, sequence: number) => {
    const pages = paginateQuery(
      { client },
      {
        TableName: table,
        Select: 'COUNT',
        KeyConditionExpression: 'userId = :user AND #item BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#item': 'item' },
        ExpressionAttributeValues: { ':user': userId, ':from': changeItem(sequence + 1), ':to': CHANGES_END },
      },
    )
    let count = 0
    for await (const { Count = 0 } of pages) count += Count
    return count
  }

  const batch = async (userIds: readonly UserId[]): Promise<readonly Item[]> => {
    const found: Item[] = []
    let keys: Item[] = userIds.flatMap((userId) => [CONNECTION, STATE].map((item) => ({ userId, item })))
    // What DynamoDB leaves out under load is asked for again; who is missed even then is met in an hour.
    for (let tries = 0; keys.length > 0 && tries < BATCHES; tries += 1) {
      const { Responses, UnprocessedKeys } = await client.send(
        new BatchGetCommand({
          RequestItems: {
            [table]: {
              Keys: keys,
              ProjectionExpression: 'userId, #item, publishedSequence, notices, erasure.told, leaseExpiresAt',
              ExpressionAttributeNames: { '#item': 'item' },
            },
          },
        }),
      )
      found.push(...(Responses?.[table] ?? []))
      keys = [...(UnprocessedKeys?.[table]?.Keys ?? [])]
    }
    return found
  }

  const waitingOf = async (userId: UserId, items: readonly Item[]): Promise<readonly Waiting[]> => {
    const named = (name: string) => items.find((item) => item['userId'] === userId && item['item'] === name)
    const [connection, state] = [named(CONNECTION), named(STATE)]
    if (!state || Number(state['leaseExpiresAt'] ?? 0) >= now()) return []
    const logItems = await logItemsAfter(userId, Number(state['publishedSequence'] ?? 0))
    const erasure = state['erasure'] as { readonly told?: boolean } | undefined
    const isUntold = !connection && erasure?.told === false
    const notices = Array.isArray(connection?.['notices']) ? connection['notices'].length : 0
    return [{ userId, logItems, notices: notices + (isUntold ? 1 : 0) }]
  }

  return {
    logItemsAfter,
    async waiting(userIds) {
      const found: Waiting[] = []
      for (let i = 0; i < userIds.length; i += PEOPLE_PER_BATCH) {
        const people = userIds.slice(i, i + PEOPLE_PER_BATCH)
        const items = await batch(people)
        found.push(...(await Promise.all(people.map((userId) => waitingOf(userId, items)))).flat())
      }
      return found
    },
  }
}
