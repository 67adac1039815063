import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { Change, type ChangeRange, Instant, type UserId } from '@bg-ingest/domain'
import * as z from 'zod'
import { steady } from './attempts.ts'
import { holds, leaseLost } from './conditional.ts'
import { refuseOversized } from './item-size.ts'
import { CHANGES_END, changeItem } from './keys.ts'
import { type ExpiryPage, reexpire } from './reexpire.ts'
import { logExpiry } from './retention.ts'
import type { Lease } from './state-writer.ts'

/**
 * Claims ranges of sequences, in order, each only if nobody has. Two runs that race begin at the same sequence, so the
 * later one always meets the earlier one's first item. Throws `lease_lost` there.
 */
export async function appendRanges(
  client: DynamoDBDocumentClient,
  { table, retentionDays }: { readonly table: string; readonly retentionDays: number },
  userId: UserId,
  lease: Lease,
  ranges: readonly ChangeRange[],
): Promise<void> {
  for (const { first, last, at, changes } of ranges) {
    const item = changeItem(first)
    const expiresAt = logExpiry(changes, at, retentionDays)
    const put = new PutCommand({
      TableName: table,
      Item: refuseOversized({
        userId,
        item,
        first,
        last,
        at,
        fence: lease.fence,
        leaseId: lease.id,
        changes,
        ...(expiresAt === null ? {} : { expiresAt }),
      }),
      ConditionExpression: 'attribute_not_exists(userId)',
    })
    if (await holds(steady(client, lease.stillHeld).send(put))) continue
    // A first try whose answer was lost is our own claim.
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: { userId, item }, ConsistentRead: true }),
    )
    if (Item?.['leaseId'] !== lease.id) throw leaseLost()
  }
}

const Expiring = z.object({ at: Instant, changes: z.array(Change) })

/** Sets the expiry of one page of log items; answers the last of them, null behind the last page. */
export const reexpireLog = (
  client: DynamoDBDocumentClient,
  table: string,
  userId: UserId,
  { after, limit, retentionDays }: ExpiryPage,
  stillHeld: () => void,
): Promise<string | null> =>
  reexpire(client, {
    table,
    sortKey: 'item',
    userId,
    between: [changeItem(0), CHANGES_END],
    after,
    limit,
    attributes: ['at', 'changes'],
    version: 'leaseId',
    wanted(item) {
      const { at, changes } = Expiring.parse(item)
      return logExpiry(changes, at, retentionDays)
    },
    stillHeld,
  })
