import { connect } from 'node:net'

/** Sends one request over a socket of its own and gives back everything that came, as it came. */
export function rawGet(address: string, headers: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const { hostname, port, host, pathname, search } = new URL(address)
  const lines = Object.entries({ host, connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}`)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('end', () => resolve(Buffer.concat(chunks)))
    socket.on('error', reject)
  })
}
