import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Exchange, type Reply, textReply } from './exchange.ts'
import type { PublicApi } from './public-api.ts'
import { readExchange } from './read-exchange.ts'
import { sendReply } from './send-reply.ts'

interface ServerInput {
  readonly host: string
  readonly port: number
  readonly publicApi: PublicApi
  /** `METHOD /__sim/path` -> handler. */
  readonly admin: ReadonlyMap<string, (exchange: Exchange) => Reply>
}

export interface Server {
  readonly baseUrl: string
  readonly stop: () => Promise<void>
}

/** Listens, and sends requests to the public API or, under /__sim, to the tester's side door. */
export async function startServer({ host, port, publicApi, admin }: ServerInput): Promise<Server> {
  const stopping = new AbortController()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = await readExchange(request)
    if (!exchange) return sendReply(response, textReply(413, ''))
    if (!exchange.path.startsWith('/__sim')) return publicApi(exchange, response, stopping.signal)
    const handle = admin.get(`${exchange.method} ${exchange.path}`)
    return sendReply(response, handle?.(exchange) ?? textReply(404, ''))
  }

  const server = createServer((request, response) => {
    // A client that went away, or the stop, ends an answer early: there is nobody left to tell.
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  return {
    baseUrl: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    stop: async () => {
      stopping.abort()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}
