import { type DynamoDBDocumentClient, paginateQuery } from '@aws-sdk/lib-dynamodb'
import type { UserId } from '@bg-ingest/domain'
import { steady } from './attempts.ts'
import { batchWrite } from './batch-write.ts'

interface Partition {
  readonly table: string
  readonly sortKey: string
  readonly userId: UserId
  readonly stillHeld: () => void
  /** Sort keys that stay. */
  readonly except?: ReadonlySet<string>
}

/** Deletes a person's items of one table, page by page, and answers how many there were. */
export async function erasePartition(client: DynamoDBDocumentClient, partition: Partition): Promise<number> {
  const { table, sortKey, userId, stillHeld, except } = partition
  let erased = 0
  const pages = paginateQuery(
    { client: steady(client, stillHeld) },
    {
      TableName: table,
      KeyConditionExpression: 'userId = :user',
      ExpressionAttributeValues: { ':user': userId },
      ProjectionExpression: '#key',
      ExpressionAttributeNames: { '#key': sortKey },
      ConsistentRead: true,
    },
  )
  for await (const { Items = [] } of pages) {
    const keys = Items.map((item) => String(item[sortKey])).filter((key) => !except?.has(key))
    const requests = keys.map((key) => ({ DeleteRequest: { Key: { userId, [sortKey]: key } } }))
    await batchWrite(client, table, requests, stillHeld)
    erased += keys.length
  }
  return erased
}
