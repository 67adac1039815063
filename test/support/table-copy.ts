import { DeleteTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { BatchWriteCommand, type DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb'
import { until } from './until.ts'

export type Item = Readonly<Record<string, unknown>>

/** Every item of a table, as an export to S3 would have it. */
export async function exportTable(dynamo: DynamoDBDocumentClient, TableName: string): Promise<readonly Item[]> {
  const items: Item[] = []
  for await (const { Items = [] } of paginateScan({ client: dynamo }, { TableName, ConsistentRead: true }))
    items.push(...Items)
  return items
}

const BATCH = 25

/** Puts items back into a table that is there. */
export async function importTable(
  dynamo: DynamoDBDocumentClient,
  TableName: string,
  items: readonly Item[],
): Promise<void> {
  for (let start = 0; start < items.length; start += BATCH) {
    let left: unknown[] = items.slice(start, start + BATCH).map((Item) => ({ PutRequest: { Item } }))
    while (left.length > 0) {
      const answer = await dynamo.send(new BatchWriteCommand({ RequestItems: { [TableName]: left as never } }))
      left = answer.UnprocessedItems?.[TableName] ?? []
    }
  }
}

/** Deletes a table, and waits until there is none of its name. */
export async function dropTable(dynamo: DynamoDBDocumentClient, TableName: string): Promise<void> {
  await dynamo.send(new DeleteTableCommand({ TableName }))
  await until('the table is gone', () =>
    dynamo.send(new DescribeTableCommand({ TableName })).then(
      () => false,
      () => true,
    ),
  )
}
