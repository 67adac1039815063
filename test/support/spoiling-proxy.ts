import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Spoilt {
  readonly status: number
  readonly text: string
}

export interface SpoilingProxy {
  readonly port: number
  /** How many answers it has changed. */
  readonly spoilt: () => number
  close(): Promise<void>
}

/** Stands before an API and changes some of its answers: what a fault in a handler would look like from outside. */
export async function startSpoilingProxy(
  port: number,
  spoil: (path: string, answer: Spoilt) => Spoilt | null,
): Promise<SpoilingProxy> {
  let count = 0
  const server = createServer(async (req, res) => {
    const { method, url: path = '', headers } = req
    const onward = request({ host: '127.0.0.1', port, method, path, headers, agent: false })
    req.pipe(onward)
    const [answer] = (await once(onward, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk)
    const whole = { status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }
    const changed = spoil(path, whole)
    if (changed) count += 1
    const { status, text } = changed ?? whole
    res.writeHead(status, { 'content-type': answer.headers['content-type'] ?? 'text/plain' }).end(text)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    spoilt: () => count,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
