import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What can happen to a call on the wire; `lost`: it is carried out and the connection breaks before the answer. */
export const WIRE_FAULTS = ['lost', 'reset', 'html', 'cut off', 'throttled', 'failed'] as const
/** `unprocessed`: a batch is answered as if nothing of it had been taken. */
export type WireFault = (typeof WIRE_FAULTS)[number] | 'hang' | 'unprocessed'

export interface DynamoProxy {
  readonly url: string
  /** Calls that have arrived, by operation. */
  readonly calls: string[]
  /** The next call of this operation (PutItem …) meets this fault; more of them are met one after the other. */
  hit(operation: string, ...faults: readonly WireFault[]): void
  /** From now on every call that nothing else is planned for meets what this answers; null for none. */
  meet(choose: (operation: string) => WireFault | null): void
  close(): Promise<void>
}

const ERROR = 'application/x-amz-json-1.0'
const refusal = (code: string) => JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: 'no' })

/** Stands between a client and DynamoDB, for faults that only a wire has. */
export async function startDynamoProxy(endpoint: string): Promise<DynamoProxy> {
  const calls: string[] = []
  const planned = new Map<string, WireFault[]>()
  let choose: (operation: string) => WireFault | null = () => null

  const answers: Record<WireFault, (res: ServerResponse, forward: () => Promise<Answer>, sent: Buffer) => unknown> = {
    hang: () => undefined,
    unprocessed: (res, _forward, sent) => {
      const { RequestItems } = JSON.parse(sent.toString()) as { readonly RequestItems?: unknown }
      res.writeHead(200, { 'content-type': ERROR }).end(JSON.stringify({ UnprocessedItems: RequestItems }))
    },
    reset: (res) => res.destroy(),
    lost: async (res, forward) => forward().then(() => res.destroy()),
    html: (res) => res.writeHead(503, { 'content-type': 'text/html' }).end('<html>Service unavailable</html>'),
    throttled: (res) =>
      res.writeHead(400, { 'content-type': ERROR }).end(refusal('ProvisionedThroughputExceededException')),
    failed: (res) => res.writeHead(500, { 'content-type': ERROR }).end(refusal('InternalServerError')),
    'cut off': async (res, forward) => {
      const { status, headers, body } = await forward()
      const { 'content-length': _length, 'x-amz-crc32': _checksum, ...others } = headers
      res.writeHead(status, others).end(body.subarray(0, Math.max(1, Math.floor(body.length / 2))))
    },
  }
  const server = createServer(async (req, res) => {
    const operation = String(req.headers['x-amz-target']).split('.')[1] ?? ''
    const sent = await bodyOf(req)
    calls.push(operation)
    const fault = planned.get(operation)?.shift() ?? choose(operation)
    const forward = () => forwarded(endpoint, req, sent)
    if (fault) return void answers[fault](res, forward, sent)
    const { status, headers, body } = await forward()
    res.writeHead(status, headers).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    hit: (operation, ...faults) => void planned.set(operation, [...(planned.get(operation) ?? []), ...faults]),
    meet(next) {
      choose = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function forwarded(endpoint: string, { headers, method }: IncomingMessage, body: Buffer): Promise<Answer> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(endpoint, { method, headers }, resolve).on('error', reject).end(body)
  })
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await bodyOf(answer) }
}
