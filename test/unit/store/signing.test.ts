import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { createDynamo, WRITE_LIMITS } from '@bg-ingest/store/write'
import { expect } from 'chai'

const REGION = 'us-east-1'
/** Of a client that takes any credentials. */
const SECRET = 'local'

describe('the signature of a call to DynamoDB', () => {
  it('is the one that AWS computes (Signature Version 4), also of further calls', async () => {
    const server = createServer(async (req, res) => {
      const body = Buffer.concat(await req.toArray())
      const given = /Signature=([0-9a-f]{64})$/.exec(req.headers.authorization ?? '')?.[1]
      expected.push(signatureOf(req.headers, body))
      received.push(given)
      res.setHeader('content-type', 'application/x-amz-json-1.0').end('{}')
    }).listen(0, '127.0.0.1')
    const [expected, received] = [[] as string[], [] as (string | undefined)[]]
    await once(server, 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const dynamo = createDynamo({ region: REGION, endpoint, anyCredentials: true, ...WRITE_LIMITS })
    try {
      for (const userId of ['alice', 'bob', 'zoë 😀'])
        await dynamo.send(new GetCommand({ TableName: 'readings', Key: { userId } }))
      expect(received).to.have.length(3)
      expect(received).to.deep.equal(expected)
      expect(new Set(received).size).to.equal(3)
    } finally {
      dynamo.destroy()
      server.close()
      server.closeAllConnections()
    }
  })
})

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** By the book: docs.aws.amazon.com, "Create a signed AWS API request". */
function signatureOf(headers: IncomingHttpHeaders, body: Buffer): string {
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? ''
  const canonicalHeaders = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`)
  const request = ['POST', '/', '', canonicalHeaders.join(''), names, sha256(body)].join('\n')
  const at = String(headers['x-amz-date'])
  const day = at.slice(0, 8)
  const text = ['AWS4-HMAC-SHA256', at, `${day}/${REGION}/dynamodb/aws4_request`, sha256(request)].join('\n')
  const key = [REGION, 'dynamodb', 'aws4_request'].reduce(hmac, hmac(`AWS4${SECRET}`, day))
  return hmac(key, text).toString('hex')
}
