import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { orUnavailable } from '@bg-ingest/api/parts'
import { AppError, UserId } from '@bg-ingest/domain'
import { createAccountReader, createDynamo, READ_LIMITS } from '@bg-ingest/store/read'
import { expect } from 'chai'
import { thrownBy } from '../../support/thrown.ts'

const ALICE = UserId.parse('alice')

const refusal =
  (type: string, status = 400): RequestListener =>
  (_req, res) =>
    res.writeHead(status).end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'c4n4ry' }))

/** What the API's own client and reader throw, wrapped as its context wraps them. */
async function look(endpoint: string): Promise<AppError | unknown> {
  const client = createDynamo({ region: 'us-east-1', endpoint, anyCredentials: true, ...READ_LIMITS })
  try {
    return await orUnavailable(createAccountReader(client, 'accounts').account)(ALICE)
  } finally {
    client.destroy()
  }
}

describe('api: a store that does not answer', () => {
  let answer: RequestListener
  const server = createServer((req, res) => answer(req, res))
  before(async () => void (await once(server.listen(0, '127.0.0.1'), 'listening')))
  after(async () => {
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  const endpoint = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const away: Readonly<Record<string, RequestListener>> = {
    'throttles us': refusal('ProvisionedThroughputExceededException'),
    'has a fault': refusal('InternalServerError', 500),
    'has no table': refusal('ResourceNotFoundException'),
    'sends a page of a proxy': (_req, res) => res.writeHead(503, { 'content-type': 'text/html' }).end('<html>'),
    'sends half an answer': (_req, res) => res.writeHead(200).end('{"Items":['),
    'hangs up': (req) => req.socket.destroy(),
    'never answers': () => undefined,
  }
  for (const [name, script] of Object.entries(away))
    it(`that ${name} is 503 within a second, to be tried again`, async () => {
      answer = script
      const startedAt = performance.now()
      const error = await thrownBy(look(endpoint()))
      expect(error).to.include({
        code: 'service_unavailable',
        retryAfterMs: 2000,
        message: 'The store cannot be reached',
      })
      expect(performance.now() - startedAt).to.be.below(2000)
    })

  it('is 503 where nobody listens', async () => {
    expect((await thrownBy(look('http://127.0.0.1:1'))).code).to.equal('service_unavailable')
  })

  it('stays a fault of ours where the query is wrong or an item cannot be read', async () => {
    for (const script of [
      refusal('ValidationException'),
      ((_req, res) => res.end(JSON.stringify({ Items: [{ item: { S: 'connection' } }] }))) as RequestListener,
    ]) {
      answer = script
      const err = await look(endpoint()).catch((caught: unknown) => caught)
      expect(err).to.be.instanceOf(Error).and.not.instanceOf(AppError)
    }
  })

  it('is no matter where it answers', async () => {
    answer = (_req, res) => res.end('{"Items":[]}')
    expect(await look(endpoint())).to.deep.include({ connection: null })
  })
})
