import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Exchange, type Reply, textReply } from './exchange.ts'
import type { PublicApi } from './public-api.ts'
import { readExchange } from './read-exchange.ts'
import { sendReply } from './send-reply.ts'

export type AdminHandler = (exchange: Exchange) => Reply | Promise<Reply>

interface ServerInput {
  readonly host: string
  readonly port: number
  readonly publicApi: PublicApi
  /** `METHOD /__sim/path` -> handler. */
  readonly admin: ReadonlyMap<string, AdminHandler>
}

export interface Server {
  readonly baseUrl: string
  /** False closes the port and every connection, so that new ones are refused; true opens the same port again. */
  readonly setListening: (isListening: boolean) => void
  readonly stop: () => Promise<void>
}

/** Somebody else may hold the port for a moment when it is opened again. */
const RETRY_MS = 50

/** Listens, and sends requests to the public API or, under /__sim, to the tester's side door. */
export async function startServer({ host, port, publicApi, admin }: ServerInput): Promise<Server> {
  const stopping = new AbortController()
  let isWanted = true

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = await readExchange(request)
    if (!exchange) return sendReply(response, textReply(413, ''))
    if (!exchange.path.startsWith('/__sim')) return publicApi(exchange, response, stopping.signal)
    const handle = admin.get(`${exchange.method} ${exchange.path}`)
    return sendReply(response, (await handle?.(exchange)) ?? textReply(404, ''))
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
  const listenAgain = () => {
    if (isWanted && !stopping.signal.aborted && !server.listening) server.listen(address.port, host)
  }
  server.on('error', () => {
    setTimeout(listenAgain, RETRY_MS).unref()
  })

  return {
    baseUrl: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    setListening: (isListening) => {
      isWanted = isListening
      if (isListening) return listenAgain()
      server.close()
      // A moment later, so that whoever asked for it through this very port has the answer.
      setImmediate(() => server.closeAllConnections())
    },
    stop: async () => {
      stopping.abort()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}
