import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { attributeValue, type Item } from './attribute-value.ts'

/** A DynamoDB for a worker that keeps nothing but where each person stands: what is measured then is the client. */
export interface NullStore {
  readonly url: string
  /** Whoever polls or imports has to be connected first. */
  connect(userId: string, connection: object, state: object): void
  /** Told of every run that ends, behind the update that ends it. */
  onFinished(listener: (userId: string) => void): void
  /** How often each operation was asked for. */
  readonly calls: Map<string, number>
  /** Readings that it was given so far. */
  written(): number
  close(): void
}

interface Request {
  readonly Key?: Item
  readonly UpdateExpression?: string
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: Item
  readonly RequestItems?: Readonly<Record<string, readonly unknown[]>>
  readonly TableName?: string
}

const NOTHING = { Items: [], Count: 0, ScannedCount: 0 }
const UNITS = { TableName: 'table', CapacityUnits: 1 }

export async function startNullStore(): Promise<NullStore> {
  const connections = new Map<string, Item>()
  const states = new Map<string, Item>()
  const calls = new Map<string, number>()
  const listeners: ((userId: string) => void)[] = []
  let written = 0

  /** The two updates of a person's state that a run makes; a renewal of its lease is answered with nothing. */
  const update = (userId: string, request: Request): object => {
    const state = states.get(userId) ?? {}
    const values = request.ExpressionAttributeValues ?? {}
    if (values[':one']) {
      const fence = { N: String(Number((state['fence'] as { N?: string } | undefined)?.N ?? 0) + 1) }
      const taken = { ...state, fence }
      states.set(userId, taken)
      return { Attributes: { ...taken, leaseId: values[':id'] } }
    }
    if (!request.UpdateExpression?.includes('finishedLeaseId')) return {}
    const moved = Object.entries(request.ExpressionAttributeNames ?? {}).map(([at, name]) => [
      name,
      values[at.replace('#', ':')],
    ])
    states.set(userId, { ...state, ...Object.fromEntries(moved), finishedLeaseId: values[':id'] })
    for (const listener of listeners) listener(userId)
    return {}
  }

  const answer = (operation: string, request: Request): object => {
    const userId = (request.Key?.['userId'] as { S?: string } | undefined)?.S ?? ''
    if (operation === 'UpdateItem') return update(userId, request)
    if (operation === 'Query') return NOTHING
    if (operation === 'PutItem' && request.TableName === 'readings') written += 1
    if (operation === 'BatchWriteItem') written += Object.values(request.RequestItems ?? {}).flat().length
    if (operation !== 'GetItem') return {}
    const isState = (request.Key?.['item'] as { S?: string } | undefined)?.S === 'state'
    return { Item: (isState ? states : connections).get(userId) }
  }

  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const operation = String(req.headers['x-amz-target']).split('.')[1] ?? ''
      calls.set(operation, (calls.get(operation) ?? 0) + 1)
      const found = answer(operation, JSON.parse(Buffer.concat(chunks).toString()))
      const ConsumedCapacity = operation.startsWith('Batch') ? [UNITS] : UNITS
      res.setHeader('content-type', 'application/x-amz-json-1.0').end(JSON.stringify({ ...found, ConsumedCapacity }))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connect(userId, connection, state) {
      connections.set(userId, itemOf({ ...connection, userId, item: 'connection' }))
      states.set(userId, itemOf({ ...state, userId, item: 'state' }))
    },
    onFinished: (listener) => void listeners.push(listener),
    calls,
    written: () => written,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const itemOf = (fields: object): Item =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, attributeValue(value)]))
