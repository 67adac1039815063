import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { AccountConnection, AccountTokens } from './account-codec.ts'
import { holds, leaseLost } from './conditional.ts'
import { CONNECTION } from './keys.ts'
import type { Lease } from './state-writer.ts'

export interface ConnectionWriter {
  createConnection(connection: AccountConnection, lease: Lease): Promise<void>
  /** Tokens of the connection replace `before`, or are `before` themselves. */
  putConnection(connection: AccountConnection, lease: Lease, before?: AccountTokens): Promise<void>
}

interface Condition {
  readonly text: string
  readonly names?: Record<string, string>
  readonly values?: Record<string, unknown>
}

const FENCED: Condition = { text: 'fence <= :fence' }

/** Holds where the stored tokens are still `before`, or, after an answer that was lost, what we write ourselves. */
function fencedAndStamped(before: AccountTokens, after: AccountTokens | null): Condition {
  const same = '#tokens.#stamp IN (:before, :after)'
  return {
    text: `${FENCED.text} AND ${after ? same : `(attribute_not_exists(#tokens.#stamp) OR ${same})`}`,
    names: { '#tokens': 'tokens', '#stamp': 'stamp' },
    values: { ':before': before.stamp, ':after': after?.stamp ?? before.stamp },
  }
}

/**
 * Writes connections. The fence keeps late runs out; the stamp keeps a run from writing over tokens that it has not seen,
 * because a late run may save a grant: nobody else has it.
 */
export function createConnectionWriter(client: DynamoDBDocumentClient, table: string): ConnectionWriter {
  const put = (connection: AccountConnection, { fence }: Lease, { text, names, values }: Condition) =>
    holds(
      client.send(
        new PutCommand({
          TableName: table,
          Item: { ...connection, item: CONNECTION, fence },
          ConditionExpression: text,
          ...(names ? { ExpressionAttributeNames: names } : {}),
          ExpressionAttributeValues: { ':fence': fence, ...values },
        }),
      ),
    )

  return {
    async createConnection(connection, lease) {
      if (!(await put(connection, lease, { text: `attribute_not_exists(fence) OR ${FENCED.text}` }))) throw leaseLost()
    },

    // Never creates: a late refresh must not bring back what an erasure has deleted.
    async putConnection(connection, lease, before = connection.tokens ?? undefined) {
      const { tokens } = connection
      if (await put(connection, lease, before ? fencedAndStamped(before, tokens) : FENCED)) return
      if (before && tokens && tokens.refresh !== before.refresh)
        await saveGrant(client, table, connection, tokens, before)
      throw leaseLost()
    },
  }
}

/**
 * A grant outlives the lease under which it was asked for: it is saved wherever the refresh token that it follows on is
 * the stored one. Sealed texts are never equal, so this one names the grant: not after a disconnect, an erasure, a new
 * connection or another renewal.
 */
async function saveGrant(
  client: DynamoDBDocumentClient,
  table: string,
  { userId }: AccountConnection,
  tokens: AccountTokens,
  before: AccountTokens,
): Promise<void> {
  await holds(
    client.send(
      new UpdateCommand({
        TableName: table,
        Key: { userId, item: CONNECTION },
        UpdateExpression: 'SET #tokens = :tokens',
        ConditionExpression: '#tokens.#refresh = :spent',
        ExpressionAttributeNames: { '#tokens': 'tokens', '#refresh': 'refresh' },
        ExpressionAttributeValues: { ':tokens': tokens, ':spent': before.refresh },
      }),
    ),
  )
}
