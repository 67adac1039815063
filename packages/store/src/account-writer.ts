import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import type { ChangeRange, UserId } from '@bg-ingest/domain'
import { type AccountConnection, parseConnection } from './account-codec.ts'
import { rangesAbove } from './change-reader.ts'
import { holds, leaseLost } from './conditional.ts'
import { erasePartition } from './erase-partition.ts'
import { CONNECTION, STATE } from './keys.ts'
import { appendRanges } from './log-writer.ts'
import { createStateWriter, type Lease, type StateWriter } from './state-writer.ts'

export interface AccountWriter extends StateWriter {
  connection(userId: UserId): Promise<AccountConnection | null>
  createConnection(connection: AccountConnection, lease: Lease): Promise<void>
  putConnection(connection: AccountConnection, lease: Lease): Promise<void>
  appendRanges(userId: UserId, lease: Lease, ranges: readonly ChangeRange[]): Promise<void>
  rangesAfter(userId: UserId, sequence: number, limit: number): Promise<ChangeRange[]>
  eraseLog(userId: UserId, stillHeld: () => void): Promise<void>
}

const STATE_ONLY = new Set([STATE])

/** Write side of the accounts table. Every write carries the fence of its lease and fails behind a newer one. */
export function createAccountWriter(client: DynamoDBDocumentClient, table: string, now: () => number): AccountWriter {
  const put = async (connection: AccountConnection, { fence }: Lease, condition: string) => {
    const command = new PutCommand({
      TableName: table,
      Item: { ...connection, item: CONNECTION, fence },
      ConditionExpression: condition,
      ExpressionAttributeValues: { ':fence': fence },
    })
    if (!(await holds(client.send(command)))) throw leaseLost()
  }

  return {
    ...createStateWriter(client, table, now),

    async connection(userId) {
      const { Item } = await client.send(
        new GetCommand({ TableName: table, Key: { userId, item: CONNECTION }, ConsistentRead: true }),
      )
      return Item ? parseConnection(Item) : null
    },

    createConnection: (connection, lease) => put(connection, lease, 'attribute_not_exists(fence) OR fence <= :fence'),
    // Never creates: a late refresh must not bring back what an erasure has deleted.
    putConnection: (connection, lease) => put(connection, lease, 'fence <= :fence'),

    appendRanges: (userId, lease, ranges) => appendRanges(client, table, userId, lease, ranges),
    rangesAfter: (userId, sequence, limit) => rangesAbove(client, table, userId, sequence, limit),

    async eraseLog(userId, stillHeld) {
      await erasePartition(client, { table, sortKey: 'item', userId, stillHeld, except: STATE_ONLY })
    },
  }
}
