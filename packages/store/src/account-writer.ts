import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb'
import type { ChangeRange, UserId } from '@bg-ingest/domain'
import { type AccountConnection, parseConnection } from './account-codec.ts'
import { steady } from './attempts.ts'
import { rangesAbove } from './change-reader.ts'
import { type ConnectionWriter, createConnectionWriter } from './connection-writer.ts'
import { countItems } from './count-items.ts'
import { erasePartition } from './erase-partition.ts'
import { CHANGES, CONNECTION, STATE } from './keys.ts'
import { appendRanges, reexpireLog } from './log-writer.ts'
import type { ExpiryPage } from './reexpire.ts'
import { createStateWriter, type Lease, type StateWriter } from './state-writer.ts'
import { removeEntry, writeEntry } from './user-registry.ts'

export interface AccountWriter extends StateWriter, ConnectionWriter {
  connection(userId: UserId): Promise<AccountConnection | null>
  register(userId: UserId, connection: AccountConnection | null, lease: Lease): Promise<void>
  appendRanges(userId: UserId, lease: Lease, ranges: readonly ChangeRange[]): Promise<void>
  rangesAfter(userId: UserId, sequence: number, limit: number): Promise<ChangeRange[]>
  eraseLog(userId: UserId, stillHeld: () => void): Promise<void>
  countLog(userId: UserId): Promise<number>
  reexpireLog(userId: UserId, page: ExpiryPage, stillHeld: () => void): Promise<string | null>
}

const STATE_ONLY = new Set([STATE])

/** Write side of the accounts table. Every write carries the fence of its lease and fails behind a newer one. */
export function createAccountWriter(
  once: DynamoDBDocumentClient,
  table: string,
  now: () => number,
  retentionDays = 0,
): AccountWriter {
  const client = steady(once)
  const register = (userId: UserId, connection: AccountConnection | null, { fence }: Lease) =>
    writeEntry(client, table, { userId, connection, fence })
  const connections = createConnectionWriter(client, table)

  return {
    ...createStateWriter(client, table, now),
    register,

    // The registry first: a crash in between leaves somebody in it who is not polled, which the next poll finds out.
    // The other way round it would leave somebody out who is, which nobody would.
    async createConnection(connection, lease) {
      await register(connection.userId, connection, lease)
      await connections.createConnection(connection, lease)
    },
    async putConnection(connection, lease, before) {
      await connections.putConnection(connection, lease, before)
      if (!isPolled(connection)) await register(connection.userId, connection, lease)
    },

    async connection(userId) {
      const { Item } = await client.send(
        new GetCommand({ TableName: table, Key: { userId, item: CONNECTION }, ConsistentRead: true }),
      )
      return Item ? parseConnection(Item) : null
    },

    appendRanges: (userId, lease, ranges) => appendRanges(client, { table, retentionDays }, userId, lease, ranges),
    rangesAfter: (userId, sequence, limit) => rangesAbove(client, table, userId, sequence, limit),

    countLog: (userId) => countItems(client, { table, sortKey: 'item', userId, prefix: CHANGES }),

    reexpireLog: (userId, page, stillHeld) => reexpireLog(client, table, userId, page, stillHeld),

    async eraseLog(userId, stillHeld) {
      await erasePartition(client, { table, sortKey: 'item', userId, stillHeld, except: STATE_ONLY })
      stillHeld()
      await removeEntry(client, table, userId)
    },
  }
}

const isPolled = ({ status, paused, parkedAt }: AccountConnection) => status === 'connected' && !paused && !parkedAt
