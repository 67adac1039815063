import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'

export interface DynamoFaults {
  /** The next call of this operation is carried out, but its answer is lost: the SDK then repeats it by itself. */
  loseAnswerOf(command: string): void
  /** Of the next batch only the first item is taken; the rest comes back as unprocessed, as under load. */
  leaveOutOf(command: 'BatchWriteItem' | 'BatchGetItem'): void
  /** How many answers were lost so far. */
  readonly lost: number
}

/** What the SDK takes for a connection that broke, and so repeats. */
const brokenConnection = () => Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' })

/** Puts faults between a client and DynamoDB, below the SDK's own retries. `command` is an SDK command: UpdateItem, PutItem … */
export function injectFaults(client: DynamoDBDocumentClient): DynamoFaults {
  const toLose: string[] = []
  let lost = 0
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const answer = await next(args)
      const index = toLose.indexOf((context.commandName ?? '').replace(/Command$/, ''))
      if (index < 0) return answer
      toLose.splice(index, 1)
      lost += 1
      throw brokenConnection()
    },
    // The step nearest to the wire; above it lies the retry.
    { step: 'deserialize', priority: 'high', name: 'loseAnswers' },
  )
  const leaveOut = new Set<string>()
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const batch = (context.commandName ?? '').replace(/Command$/, '')
      return leaveOut.delete(batch) ? firstOnly(next, args, batch) : next(args)
    },
    { step: 'initialize', name: 'leaveOut' },
  )
  return {
    leaveOutOf: (command) => {
      leaveOut.add(command)
    },
    loseAnswerOf: (command) => {
      toLose.push(command)
    },
    get lost() {
      return lost
    },
  }
}

type Table = readonly unknown[] | { readonly Keys: readonly unknown[] }
interface Batch {
  readonly RequestItems: Readonly<Record<string, Table>>
}

/** Cuts a batch on one table in two, sends its first item and answers the others as not processed. */
async function firstOnly<A extends { input: object }, R extends { output: object }>(
  next: (args: A) => Promise<R>,
  args: A,
  batch: string,
): Promise<R> {
  const [[table, content] = ['', []]] = Object.entries((args.input as Batch).RequestItems)
  const part = (from: number, to?: number) =>
    'Keys' in content ? { ...content, Keys: content.Keys.slice(from, to) } : content.slice(from, to)
  const result = await next({ ...args, input: { ...args.input, RequestItems: { [table]: part(0, 1) } } })
  const rest = batch === 'BatchGetItem' ? 'UnprocessedKeys' : 'UnprocessedItems'
  return { ...result, output: { ...result.output, [rest]: { [table]: part(1) } } }
}
