import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { createHttpHandler } from './http-handler.ts'
import { PlainJsonProtocol } from './json-protocol.ts'
import { createSigningHash } from './signing-hash.ts'

export interface DynamoServer {
  readonly region: string
  /** Undefined: AWS itself. */
  readonly endpoint: string | undefined
  /** A local DynamoDB asks for credentials and takes any. */
  readonly anyCredentials?: boolean
}

export interface DynamoOptions extends DynamoServer {
  readonly connectionTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly maxAttempts: number
  /** Consumed capacity of every call, in DynamoDB's units. */
  readonly onUnits?: (operation: string, kind: 'read' | 'write', units: number) => void
}

/** Reads of the API answer or fail within a second: the caller holds a connection open (promises.md 7). */
export const READ_LIMITS = { connectionTimeoutMs: 200, requestTimeoutMs: 400, maxAttempts: 2 } as const
/** A worker's calls are tried again by `steady`, which knows the lease; one of them may last 2 s (attempts.ts). */
export const WRITE_LIMITS = { connectionTimeoutMs: 1000, requestTimeoutMs: 2000, maxAttempts: 1 } as const

/** Where the SDK finds DynamoDB, and as whom it comes. DynamoDB Local wants letters and digits only. */
export const serverOptions = ({ region, endpoint, anyCredentials }: DynamoServer) => ({
  region,
  ...(endpoint ? { endpoint } : {}),
  ...(anyCredentials ? { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } } : {}),
})

/** The one place that builds a DynamoDB client. */
export function createDynamo(options: DynamoOptions): DynamoDBDocumentClient {
  const client = new DynamoDBClient({
    ...serverOptions(options),
    maxAttempts: options.maxAttempts,
    requestHandler: createHttpHandler(options),
    protocol: PlainJsonProtocol,
    sha256: createSigningHash(),
    // A logger without `info`: with one the SDK deep-copies every input and output, half of a call's CPU (performance.md 4).
    logger: { debug: ignore, warn: ignore, error: ignore } as never,
  })
  const document = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } })
  if (options.onUnits) countUnits(document, options.onUnits)
  return document
}

const ignore = () => undefined

const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan'])

function countUnits(document: DynamoDBDocumentClient, onUnits: NonNullable<DynamoOptions['onUnits']>): void {
  document.middlewareStack.add(
    (next, context) => async (args) => {
      const operation = (context.commandName ?? 'unknown').replace(/Command$/, '')
      const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } as never })
      const name = OPERATIONS[operation] ?? operation
      onUnits(name, READS.has(name) ? 'read' : 'write', consumed(result.output))
      return result
    },
    { step: 'initialize', name: 'countConsumedUnits', priority: 'high' },
  )
}

// lib-dynamodb calls its commands Get, BatchWrite …; operators know the operations by DynamoDB's own names.
const OPERATIONS: Readonly<Record<string, string>> = {
  Get: 'GetItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  BatchGet: 'BatchGetItem',
  BatchWrite: 'BatchWriteItem',
}

function consumed(output: unknown): number {
  const capacity = (output as { ConsumedCapacity?: { CapacityUnits?: number } | { CapacityUnits?: number }[] })
    .ConsumedCapacity
  return [capacity ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0)
}
