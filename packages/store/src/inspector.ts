import { type DynamoDBDocumentClient, paginateQuery, QueryCommand } from '@aws-sdk/lib-dynamodb'
import type { ChangeRange, Instant, ReadingKey, UserId } from '@bg-ingest/domain'
import { type AccountConnection, type AccountState, parseConnection, parseState } from './account-codec.ts'
import { steady } from './attempts.ts'
import { newestRanges } from './change-reader.ts'
import { CONNECTION, STATE, type Tables } from './keys.ts'
import { isVoid } from './reading-codec.ts'
import { isExpired } from './retention.ts'

export interface AccountSnapshot {
  readonly connection: AccountConnection | null
  readonly state: AccountState
  readonly fence: number
  /** Epoch milliseconds; null where nobody holds the lease. */
  readonly leaseExpiresAt: number | null
}

export interface StoreInspector {
  snapshot(userId: UserId): Promise<AccountSnapshot>
  log(userId: UserId, since: Instant | null): Promise<readonly ChangeRange[]>
  numbers(
    userId: UserId,
    since: Instant | null,
  ): Promise<readonly { readonly key: ReadingKey; readonly sequence: number }[]>
}

interface InspectorOptions {
  readonly tables: Tables
  readonly retentionDays: number
  readonly now: () => number
}

/** Reads what an examination looks at, strongly consistent: of readings only their numbers, no measurement. */
export function createInspector(once: DynamoDBDocumentClient, options: InspectorOptions): StoreInspector {
  const { tables, retentionDays, now } = options
  const client = steady(once)
  return {
    async snapshot(userId) {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: tables.accounts,
          KeyConditionExpression: 'userId = :user AND #item BETWEEN :connection AND :state',
          ExpressionAttributeNames: { '#item': 'item' },
          ExpressionAttributeValues: { ':user': userId, ':connection': CONNECTION, ':state': STATE },
          ConsistentRead: true,
        }),
      )
      const byItem = new Map(Items.map((item) => [item['item'], item]))
      const [stored, state] = [byItem.get(CONNECTION), byItem.get(STATE)]
      const expires: unknown = state?.['leaseExpiresAt']
      return {
        connection: stored ? parseConnection(stored) : null,
        state: parseState(state),
        fence: Number(state?.['fence'] ?? 0),
        leaseExpiresAt: typeof expires === 'number' ? expires : null,
      }
    },

    log: (userId, since) => newestRanges(client, tables.accounts, userId, since),

    async numbers(userId, since) {
      const found: { key: ReadingKey; sequence: number }[] = []
      const pages = paginateQuery(
        { client },
        {
          TableName: tables.readings,
          KeyConditionExpression: 'userId = :user AND readingKey >= :from',
          ExpressionAttributeNames: {
            '#key': 'readingKey',
            '#time': 'timestamp',
            '#void': 'void',
            '#sequence': 'sequence',
            '#expiry': 'expiresAt',
          },
          ProjectionExpression: '#key, #time, #void, #sequence, #expiry',
          ExpressionAttributeValues: { ':user': userId, ':from': since ?? '0' },
          ConsistentRead: true,
        },
      )
      for await (const { Items = [] } of pages)
        for (const item of Items)
          if (!isVoid(item) && !isExpired(item, now(), retentionDays))
            found.push({ key: item['readingKey'] as ReadingKey, sequence: Number(item['sequence']) })
      return found
    },
  }
}
