import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { pauseBefore, steady, TRIES } from './attempts.ts'

/** DynamoDB takes at most 25 items in one BatchWriteItem. */
const ITEMS_PER_BATCH = 25
const PARALLEL_BATCHES = 4

type Item = Record<string, unknown>
export type WriteRequest =
  | { readonly PutRequest: { readonly Item: Item } }
  | { readonly DeleteRequest: { readonly Key: Item } }

/** Writes in batches. `beforeBatch`, asked before every call, may throw to stop: what is written stays, what is not has not been tried. */
export async function batchWrite(
  client: DynamoDBDocumentClient,
  table: string,
  requests: readonly WriteRequest[],
  beforeBatch: () => void,
): Promise<void> {
  const batches = Array.from({ length: Math.ceil(requests.length / ITEMS_PER_BATCH) }, (_, index) =>
    requests.slice(index * ITEMS_PER_BATCH, (index + 1) * ITEMS_PER_BATCH),
  )
  for (let start = 0; start < batches.length; start += PARALLEL_BATCHES)
    await allEnded(
      batches.slice(start, start + PARALLEL_BATCHES).map((batch) => writeBatch(client, table, batch, beforeBatch)),
    )
}

/** Waits for every write, then throws the first error: none may land after the caller has given its lease back. */
export async function allEnded(writes: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(writes)) if (outcome.status === 'rejected') throw outcome.reason
}

async function writeBatch(
  client: DynamoDBDocumentClient,
  table: string,
  batch: readonly WriteRequest[],
  beforeBatch: () => void,
): Promise<void> {
  let left: readonly unknown[] = batch
  for (let round = 0; left.length > 0; round += 1) {
    if (round === TRIES) throw new Error('DynamoDB kept leaving items unprocessed')
    await pauseBefore(round)
    const answer = await steady(client, beforeBatch).send(
      new BatchWriteCommand({ RequestItems: { [table]: left as never } }),
    )
    left = answer.UnprocessedItems?.[table] ?? []
  }
}
