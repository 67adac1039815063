import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb'
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
