import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A wire to a server, with hands on it: everything of a network that a test may want to break. */
export interface TcpProxy {
  readonly port: number
  /** How many connections were ever made through it. */
  readonly connections: () => number
  /** Each piece of data waits so long, in milliseconds, in each direction. */
  slow(ms: number): void
  /** Nothing gets through any more, and nobody is told; new connections are taken and hear nothing. */
  freeze(): void
  /** What was held back goes on its way. */
  thaw(): void
  /** Every open connection loses its other end and is not told: half-open, for ever silent. New ones work. */
  halfOpen(): void
  close(): Promise<void>
}

/** Stands before `host:port` on a free port of 127.0.0.1. */
export async function startTcpProxy({ host = '127.0.0.1', port }: { host?: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let connections = 0
  let latencyMs = 0
  let gate = Promise.withResolvers<void>()
  gate.resolve()
  const pairs = new Set<{ readonly upstream: Socket; cut: boolean }>()

  const pipe = (from: Socket, to: Socket, pair: { cut: boolean }): void => {
    let tail = Promise.resolve()
    // Each piece waits from its own arrival on, and none overtakes another.
    const after = (act: () => void) => {
      const due = latencyMs > 0 ? delay(latencyMs) : undefined
      tail = tail.then(async () => {
        await due
        await gate.promise
        if (!pair.cut) act()
      })
    }
    from.on('data', (piece: Buffer) => after(() => void to.write(piece)))
    from.on('close', () => after(() => void to.destroy()))
  }

  const server = createServer((client) => {
    connections += 1
    const upstream = connect(port, host)
    const pair = { upstream, cut: false }
    pairs.add(pair)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    pipe(client, upstream, pair)
    pipe(upstream, client, pair)
    upstream.on('close', () => pairs.delete(pair))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    slow(ms) {
      latencyMs = ms
    },
    freeze() {
      gate = Promise.withResolvers<void>()
    },
    thaw: () => gate.resolve(),
    halfOpen() {
      for (const pair of pairs) {
        pair.cut = true
        pair.upstream.destroy()
      }
    },
    async close() {
      gate.resolve()
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** The address of a server, led through a proxy. */
export function through(proxy: Pick<TcpProxy, 'port'>, url: string): string {
  const led = new URL(url)
  led.hostname = '127.0.0.1'
  led.port = String(proxy.port)
  return led.href
}

/** Host and port of an address. */
export const targetOf = (url: string): { readonly host: string; readonly port: number } => {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}
