import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JWK } from 'jose'

/** An identity provider's key set on a real socket, or just an address that counts who comes. */
export interface KeyProvider {
  readonly url: string
  keys: readonly JWK[]
  status: number
  /** How long it takes to answer. */
  delayMs: number
  readonly asked: () => number
  close(): Promise<void>
}

export async function startKeyProvider(): Promise<KeyProvider> {
  let asked = 0
  const server = createServer((_req, res) => {
    asked += 1
    const answer = () =>
      res
        .writeHead(provider.status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ keys: provider.keys }))
    setTimeout(answer, provider.delayMs)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const provider: KeyProvider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys: [],
    status: 200,
    delayMs: 0,
    asked: () => asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return provider
}
