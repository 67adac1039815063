import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import type { ChangeRange, UserId } from '@bg-ingest/domain'
import { steady } from './attempts.ts'
import { holds, leaseLost } from './conditional.ts'
import { refuseOversized } from './item-size.ts'
import { changeItem } from './keys.ts'
import type { Lease } from './state-writer.ts'

/**
 * Claims ranges of sequences, in order, each only if nobody has. Two runs that race begin at the same sequence, so the
 * later one always meets the earlier one's first item. Throws `lease_lost` there.
 */
export async function appendRanges(
  client: DynamoDBDocumentClient,
  table: string,
  userId: UserId,
  lease: Lease,
  ranges: readonly ChangeRange[],
): Promise<void> {
  for (const { first, last, at, changes } of ranges) {
    const item = changeItem(first)
    const put = new PutCommand({
      TableName: table,
      Item: refuseOversized({ userId, item, first, last, at, fence: lease.fence, leaseId: lease.id, changes }),
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
