import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A way to DynamoDB on which the puts of one table can be kept under way for as long as one likes. */
export interface HeldWrites {
  readonly url: string
  /** Whose puts are kept; null while none is. */
  readonly userId: () => string | null
  /** They land, whatever has become of the sender, and those that come later pass. Answers how many there were. */
  release(): Promise<number>
  close(): Promise<void>
}

/** Keeps the puts of the first person of whom one comes; everything else passes. */
export async function holdWrites(endpoint: string, table: string): Promise<HeldWrites> {
  let userId: string | null = null
  let isHolding = true
  const held: Promise<unknown>[] = []
  const gate = Promise.withResolvers<void>()

  const isHeld = (target: string, body: Buffer) => {
    if (!isHolding || !target.endsWith('.PutItem')) return false
    const { TableName, Item } = JSON.parse(body.toString())
    if (TableName !== table) return false
    userId ??= String(Item.userId.S)
    return Item.userId.S === userId
  }
  const server = createServer(async (req, res) => {
    const body = await bodyOf(req)
    const forward = async () => {
      const answer = await forwarded(endpoint, req, body)
      res.writeHead(answer.status, answer.headers).end(answer.body)
    }
    if (!isHeld(String(req.headers['x-amz-target']), body)) return forward().catch(() => res.destroy())
    held.push(gate.promise.then(forward))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    userId: () => userId,
    async release() {
      isHolding = false
      gate.resolve()
      await Promise.all(held)
      return held.length
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function forwarded(endpoint: string, { headers, method = 'POST' }: IncomingMessage, body: Buffer) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request(endpoint, { method, headers }, resolve).on('error', reject).end(body)
  const answer = await promise
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await bodyOf(answer) }
}
