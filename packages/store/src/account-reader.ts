import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb'
import type { UserId } from '@bg-ingest/domain'
import { type AccountConnection, type AccountState, parseConnection, parseState } from './account-codec.ts'
import { CONNECTION, STATE } from './keys.ts'

/** What the API may see of a connection: everything but the tokens, how they came, and what waits for the broker. */
export type ConnectionView = Omit<AccountConnection, 'tokens' | 'refusals' | 'codeId' | 'notices'>

export interface Account {
  readonly connection: ConnectionView | null
  readonly state: AccountState
}

export interface AccountReader {
  /** Connection and state of a person in one query; a person never seen has neither. */
  account(userId: UserId): Promise<Account>
}

export function createAccountReader(client: DynamoDBDocumentClient, table: string): AccountReader {
  return {
    async account(userId) {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: table,
          // Both items are neighbours in the sort order, behind the change log.
          KeyConditionExpression: 'userId = :user AND #item BETWEEN :connection AND :state',
          ExpressionAttributeNames: { '#item': 'item' },
          ExpressionAttributeValues: { ':user': userId, ':connection': CONNECTION, ':state': STATE },
          ConsistentRead: true,
        }),
      )
      const byItem = new Map(Items.map((item) => [item['item'], item]))
      const stored = byItem.get(CONNECTION)
      return { connection: stored ? view(parseConnection(stored)) : null, state: parseState(byItem.get(STATE)) }
    },
  }
}

function view({ tokens: _t, refusals: _r, codeId: _c, notices: _n, ...visible }: AccountConnection): ConnectionView {
  return visible
}
