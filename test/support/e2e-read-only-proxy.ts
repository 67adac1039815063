import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReadOnlyProxy {
  readonly url: string
  /** Names of the operations that came through, and of those that were turned away. */
  readonly passed: ReadonlySet<string>
  readonly refused: readonly string[]
  stop(): Promise<void>
}

/** What the API's role in AWS is allowed to do, and no more. */
const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'DescribeTable'])

/** Stands before DynamoDB and refuses, as IAM would, whatever is not reading. */
export async function startReadOnlyProxy(endpoint: string): Promise<ReadOnlyProxy> {
  const passed = new Set<string>()
  const refused: string[] = []
  const server = createServer((req, res) => {
    const operation = String(req.headers['x-amz-target']).split('.').at(-1) ?? ''
    if (READS.has(operation)) {
      passed.add(operation)
      forward(endpoint, req, res)
    } else {
      refused.push(operation)
      refuse(operation, req, res)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    refused,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function forward(endpoint: string, req: IncomingMessage, res: ServerResponse): void {
  const { host: _, ...headers } = req.headers
  const onward = request(new URL(req.url ?? '/', endpoint), { method: req.method ?? 'POST', headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(res)
  })
  onward.on('error', () => res.destroy())
  req.pipe(onward)
}

function refuse(operation: string, req: IncomingMessage, res: ServerResponse): void {
  req.resume()
  const body = {
    __type: 'com.amazon.coral.service#AccessDeniedException',
    Message: `User is not authorized to perform: dynamodb:${operation}`,
  }
  res.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body))
}
