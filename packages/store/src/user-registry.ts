import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb'
import { CONNECTION_STATUSES, registryShard, UserId } from '@bg-ingest/domain'
import * as z from 'zod'
import type { AccountConnection } from './account-codec.ts'
import { holds, leaseLost } from './conditional.ts'
import { registryPartition } from './keys.ts'
import type { Lease } from './state-writer.ts'

const Entry = z
  .object({
    item: UserId,
    status: z.enum(CONNECTION_STATUSES),
    parked: z.boolean().default(false),
    paused: z.boolean().default(false),
    pollIntervalSeconds: z.number().int().nullable().default(null),
  })
  .transform(({ item, ...entry }) => ({ userId: item, ...entry }))

/** What has to be known of a person to poll them, without a look at their connection. No token, no health data. */
export type RegistryEntry = z.output<typeof Entry>

export interface UserRegistry {
  /** Everybody of one part; eventually consistent, at half the price. */
  shard(shard: string): Promise<RegistryEntry[]>
  /** One person, as last written; null for somebody who was never connected, or was erased. */
  entry(userId: UserId): Promise<RegistryEntry | null>
}

/** The list of everybody ever connected and not erased, in 256 partitions of the accounts table. */
export function createUserRegistry(client: DynamoDBDocumentClient, table: string): UserRegistry {
  return {
    async shard(shard) {
      const entries: RegistryEntry[] = []
      let start: Record<string, unknown> | undefined
      do {
        const page = await client.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: 'userId = :shard',
            ExpressionAttributeValues: { ':shard': registryPartition(shard) },
            ...(start ? { ExclusiveStartKey: start } : {}),
          }),
        )
        for (const item of page.Items ?? []) entries.push(Entry.parse(item))
        start = page.LastEvaluatedKey
      } while (start)
      return entries
    },
    async entry(userId) {
      const { Item } = await client.send(new GetCommand({ TableName: table, Key: keyOf(userId), ConsistentRead: true }))
      return Item ? Entry.parse(Item) : null
    },
  }
}

const keyOf = (userId: UserId) => ({ userId: registryPartition(registryShard(userId)), item: userId })

/** Writes a person's entry, or removes it, unless a newer lease has written it. Throws `lease_lost`. */
export async function writeEntry(
  client: DynamoDBDocumentClient,
  table: string,
  { userId, connection, fence }: { userId: UserId; connection: AccountConnection | null; fence: Lease['fence'] },
): Promise<void> {
  const condition = {
    TableName: table,
    ConditionExpression: 'attribute_not_exists(fence) OR fence <= :fence',
    ExpressionAttributeValues: { ':fence': fence },
  }
  const write = connection
    ? client.send(new PutCommand({ ...condition, Item: { ...keyOf(userId), ...entryOf(connection), fence } }))
    : client.send(new DeleteCommand({ ...condition, Key: keyOf(userId) }))
  if (!(await holds(write))) throw leaseLost()
}

const entryOf = ({ status, parkedAt, paused, pollIntervalSeconds }: AccountConnection) => ({
  status,
  parked: Boolean(parkedAt),
  paused,
  pollIntervalSeconds,
})

/** Removes the entry of somebody whose partition is gone; who connects anew gets a new one. */
export async function removeEntry(client: DynamoDBDocumentClient, table: string, userId: UserId): Promise<void> {
  await client.send(new DeleteCommand({ TableName: table, Key: keyOf(userId) }))
}
