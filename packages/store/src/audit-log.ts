import { type DynamoDBDocumentClient, PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb'
import { DAY_MS } from '@bg-ingest/domain'
import { steady } from './attempts.ts'
import { auditItem, auditPartition } from './keys.ts'

/** Consecutive audit records of one writer, as text. */
export interface AuditRecords {
  readonly writer: string
  readonly first: number
  readonly last: number
  /** When the first of them was written, RFC 3339 UTC. */
  readonly at: string
  readonly entries: readonly string[]
  /** Signed head behind the last. */
  readonly head: string
}

export interface AuditLog {
  /** Adds them to the day on which the first was written. The same again, or with more behind, replaces them. */
  append(records: AuditRecords): Promise<void>
  /** Every record of these days, UTC, writer by writer and in order within each; the heads in between. */
  lines(fromMs: number, toMs: number): AsyncIterable<string>
}

interface AuditLogOptions {
  /** 0 keeps for ever. */
  readonly retentionDays: number
}

/**
 * The audit trail in partitions of their own, one a day. A batch is one item, so several records share a write unit, which
 * is why they are not items each (ADR 17).
 */
export function createAuditLog(
  once: DynamoDBDocumentClient,
  table: string,
  { retentionDays }: AuditLogOptions,
): AuditLog {
  const client = steady(once)
  return {
    async append({ writer, first, last, at, entries, head }) {
      const atMs = Date.parse(at)
      const expiresAt = Math.floor((atMs + retentionDays * DAY_MS) / 1000)
      await client.send(
        new PutCommand({
          TableName: table,
          Item: {
            userId: auditPartition(atMs),
            item: auditItem(writer, first),
            last,
            entries,
            head,
            ...(retentionDays > 0 ? { expiresAt } : {}),
          },
        }),
      )
    },
    async *lines(fromMs, toMs) {
      for (let day = Math.floor(fromMs / DAY_MS) * DAY_MS; day <= toMs; day += DAY_MS) {
        const pages = paginateQuery(
          { client },
          {
            TableName: table,
            KeyConditionExpression: 'userId = :day',
            ExpressionAttributeValues: { ':day': auditPartition(day) },
            ConsistentRead: true,
          },
        )
        for await (const { Items = [] } of pages)
          for (const { entries, head } of Items) yield* [...(entries as readonly string[]), String(head)]
      }
    },
  }
}
