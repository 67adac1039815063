import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb'
import type { Change, ChangeKind, ChangeRange, StoredReading, UserId } from '@bg-ingest/domain'
import { parseState } from './account-codec.ts'
import { rangeAround, rangesAbove } from './change-reader.ts'
import { STATE, type Tables } from './keys.ts'
import { readByKeys } from './reading-batch.ts'

export interface FeedEntry {
  readonly sequence: number
  readonly kind: ChangeKind
  readonly reading: StoredReading
}

/** The newest state of everything that changed in `(after, through]`, in order of sequence. */
export interface FeedPage {
  readonly through: number
  /** The last sequence that is committed; a caller who is further than that holds numbers from before an erasure. */
  readonly latestSequence: number
  readonly changes: readonly FeedEntry[]
}

export interface FeedReader {
  /** At most `limit` sequences behind `after`. Strongly consistent. */
  changes(userId: UserId, after: number, limit: number): Promise<FeedPage>
}

/** The change feed: the log says what changed, the readings table holds its newest state. */
export function createFeedReader(
  client: DynamoDBDocumentClient,
  tables: Tables,
  now: () => number,
  retentionDays = 0,
): FeedReader {
  return {
    async changes(userId, after, limit) {
      const latestSequence = await committedSequence(client, tables.accounts, userId)
      if (after >= latestSequence) return { through: after, latestSequence, changes: [] }
      const wanted = (await logBehind(client, tables.accounts, userId, after, limit))
        .filter(({ sequence }) => sequence > after && sequence <= latestSequence)
        .slice(0, limit)
      const keys = [...new Set(wanted.map(({ key }) => key))]
      const readings = await readByKeys(client, tables.readings, userId, keys, { nowMs: now(), retentionDays })
      const changes = wanted.flatMap(({ sequence, kind, key }) => {
        const reading = readings.get(key)
        // Told again further on, under its higher number; a reading that is gone (retention) is told no more.
        return reading && reading.sequence <= sequence ? [{ sequence, kind, reading }] : []
      })
      return { through: wanted.at(-1)?.sequence ?? latestSequence, latestSequence, changes }
    },
  }
}

async function committedSequence(client: DynamoDBDocumentClient, table: string, userId: UserId): Promise<number> {
  const { Item } = await client.send(
    new GetCommand({ TableName: table, Key: { userId, item: STATE }, ConsistentRead: true }),
  )
  return parseState(Item).committedSequence
}

/** The log from `after` on: a page may have ended inside an item, which then lies before the first that begins above. */
async function logBehind(
  client: DynamoDBDocumentClient,
  table: string,
  userId: UserId,
  after: number,
  limit: number,
): Promise<readonly Change[]> {
  const above = await rangesAbove(client, table, userId, after, limit)
  const ranges: readonly ChangeRange[] =
    above[0]?.first === after + 1 ? above : [...(await rangeAround(client, table, userId, after + 1)), ...above]
  return ranges.flatMap(({ changes }) => changes)
}
