import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb'
import type { Instant, ReadingType, StoredReading, UserId } from '@bg-ingest/domain'
import { fromItem, isDeleted, isVoid } from './reading-codec.ts'
import { isExpired, retentionFloor } from './retention.ts'

export interface RangeQuery {
  readonly userId: UserId
  /** Half-open: from <= timestamp < to. */
  readonly from: Instant
  readonly to: Instant
  readonly order: 'asc' | 'desc'
  readonly limit: number
  readonly types: ReadonlySet<ReadingType>
  /** Sort key of the last reading of the page before. */
  readonly after?: string | undefined
}

export interface ReadingPage {
  readonly readings: readonly StoredReading[]
  /** Sort key of the last reading, where more follow. */
  readonly last: string | null
}

/** Items in one query at most: about 400 KB, well below DynamoDB's 1 MB. */
const PAGE_LIMIT = 1001

interface Limits {
  readonly nowMs: number
  readonly retentionDays: number
}

/** One page of a person's readings in order of time. Strongly consistent, so that a caller who waited for a sync sees it. */
export async function readRange(
  client: DynamoDBDocumentClient,
  table: string,
  query: RangeQuery,
  limits: Limits,
): Promise<ReadingPage> {
  const span = shownOf(query, limits)
  if (!span) return { readings: [], last: null }
  const found: { key: string; reading: StoredReading }[] = []
  let startKey = span.after ? { userId: query.userId, readingKey: span.after } : undefined
  // One more than asked for tells whether a next page exists; where other types are skipped, ask for more each time.
  let pageSize = query.limit + 1
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        // Keys go on with '#' behind the timestamp, so BETWEEN takes in what lies at `from` and leaves out what lies at `to`.
        KeyConditionExpression: 'userId = :user AND readingKey BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':user': query.userId, ':from': span.from, ':to': query.to },
        ScanIndexForward: query.order === 'asc',
        Limit: pageSize,
        ConsistentRead: true,
        ExclusiveStartKey: startKey,
      }),
    )
    for (const item of page.Items ?? []) {
      if (!isShown(item, limits)) continue
      const reading = fromItem(item)
      if (query.types.has(reading.type)) found.push({ key: String(item['readingKey']), reading })
    }
    startKey = page.LastEvaluatedKey as typeof startKey
    pageSize = Math.min(pageSize * 2, PAGE_LIMIT)
  } while (startKey && found.length <= query.limit)
  const kept = found.slice(0, query.limit)
  return {
    readings: kept.map(({ reading }) => reading),
    last: found.length > query.limit ? (kept.at(-1)?.key ?? null) : null,
  }
}

const isShown = (item: Record<string, unknown>, { nowMs, retentionDays }: Limits): boolean =>
  !(isVoid(item) || isDeleted(item) || isExpired(item, nowMs, retentionDays))

/**
 * Where a query begins that leaves out what is past retention; null where nothing is left of it. DynamoDB refuses a page
 * that would go on outside, which is where an old cursor stands whose readings have passed retention meanwhile.
 */
function shownOf({ from, to, order, after }: RangeQuery, { nowMs, retentionDays }: Limits) {
  const floor = retentionFloor(retentionDays, nowMs)
  if (floor === null || floor <= from) return { from, after }
  if (floor >= to) return null
  if (!after || after >= floor) return { from: floor, after }
  return order === 'asc' ? { from: floor, after: undefined } : null
}
