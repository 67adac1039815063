import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { ReadingKey, UserId } from '@bg-ingest/domain'
import { allEnded } from './batch-write.ts'
import { holds, leaseLost } from './conditional.ts'
import { itemsByKeys } from './reading-batch.ts'
import type { Lease } from './state-writer.ts'

/** A put that is under way is over within seconds; after a day nothing of it can be left. */
const VOID_SECONDS = 86_400
const PARALLEL = 16
/** A key changes between look and mark at most once for each run that was frozen over it. */
const LOOKS = 4

interface Seal {
  readonly userId: UserId
  readonly lease: Lease
  /** Keys that a run claimed and did not finish, with the highest sequence claimed for each. */
  readonly claims: ReadonlyMap<ReadingKey, number>
  readonly nowMs: number
}

/**
 * Bars every older run from the claimed keys that do not stand at their claimed sequence: a put of theirs that is still
 * under way then fails. A stored reading gets our fence; where there is none, a void with our fence is set. Afterwards
 * each key either stands at its claimed sequence or never will.
 */
export async function sealClaims(client: DynamoDBDocumentClient, table: string, seal: Seal): Promise<void> {
  let open = [...seal.claims.keys()]
  for (let look = 0; open.length > 0; look += 1) {
    if (look === LOOKS) throw leaseLost()
    const items = await itemsByKeys(client, table, seal.userId, open)
    const byKey = new Map(items.map((item) => [item['readingKey'] as ReadingKey, item]))
    const changed: ReadingKey[] = []
    const missing = open.filter((key) => !isSealed(byKey.get(key), seal, key))
    for (let start = 0; start < missing.length; start += PARALLEL)
      await allEnded(
        missing.slice(start, start + PARALLEL).map(async (key) => {
          if (!(await mark(client, table, { ...seal, key, stored: byKey.get(key)?.['sequence'] }))) changed.push(key)
        }),
      )
    open = changed
  }
}

function isSealed(item: Record<string, unknown> | undefined, { lease, claims }: Seal, key: ReadingKey): boolean {
  if (!item) return false
  if (Number(item['fence']) > lease.fence) throw leaseLost()
  return Number(item['fence']) === lease.fence || Number(item['sequence'] ?? 0) >= Number(claims.get(key))
}

interface Mark extends Seal {
  readonly key: ReadingKey
  /** Sequence of the reading that is stored; undefined where there is none. */
  readonly stored: unknown
}

/** False where the key changed since it was looked at. */
function mark(client: DynamoDBDocumentClient, table: string, { userId, lease, nowMs, key, stored }: Mark) {
  const ours = { ':fence': lease.fence }
  const fenced =
    stored === undefined
      ? {
          UpdateExpression: 'SET fence = :fence, #void = :void, expiresAt = :expires',
          ConditionExpression: 'attribute_not_exists(#sequence) AND (attribute_not_exists(fence) OR fence <= :fence)',
          ExpressionAttributeNames: { '#void': 'void', '#sequence': 'sequence' },
          ExpressionAttributeValues: {
            ...ours,
            ':void': true,
            ':expires': Math.floor(nowMs / 1000) + VOID_SECONDS,
          },
        }
      : {
          UpdateExpression: 'SET fence = :fence',
          ConditionExpression: '#sequence = :stored AND fence <= :fence',
          ExpressionAttributeNames: { '#sequence': 'sequence' },
          ExpressionAttributeValues: { ...ours, ':stored': stored },
        }
  return holds(client.send(new UpdateCommand({ TableName: table, Key: { userId, readingKey: key }, ...fenced })))
}
