import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'

/** DynamoDB takes at most 25 items in one BatchWriteItem. */
const ITEMS_PER_BATCH = 25
const PARALLEL_BATCHES = 4
/** Rounds of writing again what DynamoDB left out under load: 25 ms, 50 ms … 3.2 s, six seconds in all. */
const ROUNDS = 8

type Item = Record<string, unknown>
export type WriteRequest =
  | { readonly PutRequest: { readonly Item: Item } }
  | { readonly DeleteRequest: { readonly Key: Item } }

/** Writes in batches. `beforeBatch` may throw to stop: what is written stays, what is not has not been tried. */
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
    if (round === ROUNDS) throw new Error('DynamoDB kept leaving items unprocessed')
    if (round > 0) await new Promise((resolve) => setTimeout(resolve, 2 ** (round - 1) * 25))
    beforeBatch()
    const answer = await client.send(new BatchWriteCommand({ RequestItems: { [table]: left as never } }))
    left = answer.UnprocessedItems?.[table] ?? []
  }
}
