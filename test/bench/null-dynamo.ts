import { createServer, type Server } from 'node:http'
import { toInstant } from '@bg-ingest/domain'

const CADENCE_MS = 300_000
const MOST = 288

/** One item as DynamoDB writes it: 25 attributes of the length that real ones have. */
const item = (newestMs: number, n: number) => {
  const timestamp = toInstant(newestMs - n * CADENCE_MS)
  return {
    userId: { S: 'alice' },
    readingKey: { S: `${timestamp}#cgm#Zk3v9Qx1` },
    timestamp: { S: timestamp },
    localTime: { S: `${timestamp.slice(0, 19)}-05:00` },
    glucose: { N: String(80 + (n % 120)) },
    trend: { S: 'flat' },
    trendRate: { N: '0.3' },
    type: { S: 'cgm' },
    transmitterId: { S: 'a'.repeat(64) },
    generation: { S: 'g7' },
    display: { S: 'iOS' },
    app: { S: 'G7' },
    recordId: { S: '3c1f0a52-6a52-4d3e-9f0b-1d6f1f3a9b11' },
    transmitterTicks: { N: String(900_000 + n * 300) },
    sequence: { N: String(MOST - n) },
    revision: { N: '1' },
    receivedAt: { S: timestamp },
    fence: { N: '12' },
  }
}

const ACCOUNT = [
  {
    userId: { S: 'alice' },
    item: { S: 'connection' },
    status: { S: 'connected' },
    region: { S: 'default' },
    connectedAt: { S: '2026-11-01T00:00:00.000Z' },
  },
  { userId: { S: 'alice' }, item: { S: 'state' }, committedSequence: { N: String(MOST) } },
]

/** A DynamoDB that costs nothing: canned answers, so that what is measured is the client. */
export function startNullDynamo(newestMs: number): Server {
  const newestFirst = Array.from({ length: MOST }, (_, n) => item(newestMs, n))
  const answers = new Map<string, Buffer>()
  const answer = (key: string, items: readonly unknown[]) => {
    const made = answers.get(key) ?? Buffer.from(JSON.stringify({ Items: items, Count: items.length }))
    answers.set(key, made)
    return made
  }
  return createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const { TableName, Limit, ScanIndexForward } = JSON.parse(Buffer.concat(chunks).toString())
      const isAccount = TableName === 'accounts'
      const items = newestFirst.slice(0, Limit)
      const body = isAccount
        ? answer('account', ACCOUNT)
        : answer(`${Limit} ${ScanIndexForward}`, ScanIndexForward ? items.toReversed() : items)
      res.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.0', 'Content-Length': body.length }).end(body)
    })
  })
}
