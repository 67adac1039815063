import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Sends bytes as they are and gives back all that comes until the other side ends, or `ms` have gone. */
export async function rawAnswer(port: number, bytes: string, ms = 5_000): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.write(bytes)
  const timer = setTimeout(() => socket.destroy(), ms)
  await once(socket, 'close')
  clearTimeout(timer)
  return Buffer.concat(chunks).toString('latin1')
}

export const statusIn = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)

export interface SlowSender {
  /** Milliseconds until the other side cut it off. */
  readonly cutAfterMs: Promise<number>
  end(): void
}

/** Sends a head, and then a byte a second for as long as it is let. */
export function sendSlowly(port: number, head: string): SlowSender {
  const startedAt = performance.now()
  const socket: Socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.resume()
  socket.write(head)
  const timer = setInterval(() => socket.write('a'), 1_000)
  const cutAfterMs = once(socket, 'close').then(() => {
    clearInterval(timer)
    return performance.now() - startedAt
  })
  return { cutAfterMs, end: () => void socket.destroy() }
}
