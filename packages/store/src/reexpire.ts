import { type DynamoDBDocumentClient, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { UserId } from '@bg-ingest/domain'
import { steady } from './attempts.ts'
import { allEnded } from './batch-write.ts'
import { holds } from './conditional.ts'

export interface ExpiryPage {
  /** Behind which key the page begins; null for the first. */
  readonly after: string | null
  /** Items at most. */
  readonly limit: number
  /** 0 keeps for ever. */
  readonly retentionDays: number
}

type Item = Record<string, unknown>

interface Reexpire {
  readonly table: string
  readonly sortKey: string
  readonly userId: UserId
  /** First and last sort key to look at. */
  readonly between: readonly [string, string]
  readonly after: string | null
  readonly limit: number
  /** Attributes that `wanted` looks at, and one that changes with the content: what has changed meanwhile is left alone. */
  readonly attributes: readonly string[]
  readonly version: string
  /** What the item should carry; null for none, undefined to leave it alone. */
  readonly wanted: (item: Item) => number | null | undefined
  readonly stillHeld: () => void
}

const PARALLEL = 16

/** Sets the expiry of one page of items to what it should be, and answers its last key; null where it was the last page. */
export async function reexpire(once: DynamoDBDocumentClient, page: Reexpire): Promise<string | null> {
  const { table, sortKey, userId, between, after, limit, attributes, version, wanted, stillHeld } = page
  const client = steady(once, stillHeld)
  const names = [...new Set([sortKey, 'expiresAt', version, ...attributes])]
  const { Items = [], LastEvaluatedKey } = await client.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'userId = :user AND #n0 BETWEEN :from AND :to',
      ExpressionAttributeValues: { ':user': userId, ':from': between[0], ':to': between[1] },
      ExpressionAttributeNames: Object.fromEntries(names.map((name, i) => [`#n${i}`, name])),
      ProjectionExpression: names.map((_, i) => `#n${i}`).join(', '),
      Limit: limit,
      ConsistentRead: true,
      ...(after === null ? {} : { ExclusiveStartKey: { userId, [sortKey]: after } }),
    }),
  )
  const stale = Items.flatMap((item) => {
    const expiry = wanted(item)
    return expiry === undefined || expiry === (item['expiresAt'] ?? null) ? [] : [{ item, expiry }]
  })
  for (let start = 0; start < stale.length; start += PARALLEL)
    await allEnded(stale.slice(start, start + PARALLEL).map(({ item, expiry }) => set(client, page, item, expiry)))
  return LastEvaluatedKey ? String(LastEvaluatedKey[sortKey]) : null
}

async function set(
  client: DynamoDBDocumentClient,
  { table, sortKey, userId, version }: Reexpire,
  item: Item,
  expiry: number | null,
): Promise<void> {
  const update = new UpdateCommand({
    TableName: table,
    Key: { userId, [sortKey]: item[sortKey] },
    UpdateExpression: expiry === null ? 'REMOVE expiresAt' : 'SET expiresAt = :expiry',
    ConditionExpression: '#version = :version',
    ExpressionAttributeNames: { '#version': version },
    ExpressionAttributeValues: { ':version': item[version], ...(expiry === null ? {} : { ':expiry': expiry }) },
  })
  // Where it does not hold a late write has come, which carries an expiry of its own; or the item has gone.
  await holds(client.send(update))
}
