import { type DynamoDBDocumentClient, paginateQuery, QueryCommand } from '@aws-sdk/lib-dynamodb'
import { Change, type ChangeRange, Instant, type UserId } from '@bg-ingest/domain'
import * as z from 'zod'
import { CHANGES_END, changeItem } from './keys.ts'

const LogItem = z.object({ first: z.number().int(), last: z.number().int(), at: Instant, changes: z.array(Change) })

/** Log items that begin above `sequence`, in order, at most `limit` of them; strongly consistent. */
export async function rangesAbove(
  client: DynamoDBDocumentClient,
  table: string,
  userId: UserId,
  sequence: number,
  limit: number,
): Promise<ChangeRange[]> {
  const page = await client.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'userId = :user AND #item BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':user': userId, ':from': changeItem(sequence + 1), ':to': CHANGES_END },
      Limit: limit,
      ConsistentRead: true,
    }),
  )
  return (page.Items ?? []).map((item) => LogItem.parse(item))
}

/** The log item that begins at or before `sequence`, nearest to it: at most one. */
export async function rangeAround(
  client: DynamoDBDocumentClient,
  table: string,
  userId: UserId,
  sequence: number,
): Promise<ChangeRange[]> {
  const page = await client.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'userId = :user AND #item BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':user': userId, ':from': changeItem(0), ':to': changeItem(sequence) },
      ScanIndexForward: false,
      Limit: 1,
      ConsistentRead: true,
    }),
  )
  return (page.Items ?? []).map((item) => LogItem.parse(item))
}

/** All log items in order; given an instant, only those that were claimed from then on. */
export async function newestRanges(
  client: DynamoDBDocumentClient,
  table: string,
  userId: UserId,
  since: Instant | null,
): Promise<ChangeRange[]> {
  const found: ChangeRange[] = []
  const pages = paginateQuery(
    { client },
    {
      TableName: table,
      KeyConditionExpression: 'userId = :user AND #item BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':user': userId, ':from': changeItem(0), ':to': CHANGES_END },
      // Newest first, so that a look at a few days does not go through years.
      ScanIndexForward: false,
      ConsistentRead: true,
    },
  )
  for await (const { Items = [] } of pages)
    for (const item of Items) {
      const range = LogItem.parse(item)
      if (since !== null && range.at < since) return found.reverse()
      found.push(range)
    }
  return found.reverse()
}
