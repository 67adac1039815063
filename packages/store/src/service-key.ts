import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import * as z from 'zod'
import { holds } from './conditional.ts'
import { SERVICE_KEY } from './keys.ts'

const Item = z.object({ wrapped: z.string() })

/** The service's own key as KMS has wrapped it; null where none was made. Costs half a read unit, once at start. */
export async function readServiceKey(client: DynamoDBDocumentClient, table: string): Promise<string | null> {
  const { Item: item } = await client.send(new GetCommand({ TableName: table, Key: SERVICE_KEY, ConsistentRead: true }))
  return item === undefined ? null : Item.parse(item).wrapped
}

/** Keeps a wrapped key, unless there is one already: everything derived from that would be lost. Answers whether it did. */
export const keepServiceKey = (client: DynamoDBDocumentClient, table: string, wrapped: string): Promise<boolean> =>
  holds(
    client.send(
      new PutCommand({
        TableName: table,
        Item: { ...SERVICE_KEY, wrapped },
        ConditionExpression: 'attribute_not_exists(userId)',
      }),
    ),
  )
