import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Seen {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
}

type Answer = (res: ServerResponse, req: IncomingMessage) => void

/** A real HTTP server on loopback that answers every request with the current script and remembers what it saw. */
export async function scriptedServer() {
  const seen: Seen[] = []
  let script: Answer = (res) => res.end()
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      seen.push({
        method: req.method ?? '',
        url: new URL(req.url ?? '', 'http://127.0.0.1'),
        headers: req.headers,
        form: new URLSearchParams(Buffer.concat(chunks).toString()),
      })
      script(res, req)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    seen,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer(next: Answer) {
      seen.length = 0
      script = next
    },
    json:
      (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
      (res) =>
        res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body)),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export type ScriptedServer = Awaited<ReturnType<typeof scriptedServer>>
