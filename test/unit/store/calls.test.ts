import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { createDynamo } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { until } from '../../support/until.ts'

const TIMEOUT_MS = 300
const LONG_MS = 20_000
/** As many as one client has. */
const SOCKETS = 100
const WAITING = 10

describe('a call to DynamoDB', () => {
  /** A client of a server that takes calls, and answers those that it has taken when it is told to. */
  async function silence(timeoutMs: number) {
    const held: ServerResponse[] = []
    let taken = 0
    const server = createServer((_req, res) => {
      taken += 1
      held.push(res)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const limits = { connectionTimeoutMs: timeoutMs, requestTimeoutMs: timeoutMs, maxAttempts: 1 }
    const dynamo = createDynamo({ region: 'us-east-1', endpoint, anyCredentials: true, ...limits })
    const call = (abortSignal?: AbortSignal) =>
      dynamo
        .send(new GetCommand({ TableName: 'readings', Key: { userId: 'alice' } }), {
          ...(abortSignal && { abortSignal }),
        })
        .then(
          () => 'answered',
          ({ name }: Error) => name,
        )
    const close = () => {
      dynamo.destroy()
      server.close()
      server.closeAllConnections()
    }
    const answerAll = () => {
      for (const res of held.splice(0)) res.setHeader('content-type', 'application/x-amz-json-1.0').end('{}')
    }
    return { call, close, answerAll, taken: () => taken }
  }

  it('is given up in time, also while it waits for a socket', async () => {
    const { call, close } = await silence(TIMEOUT_MS)
    try {
      const startedAt = performance.now()
      const ends = await Promise.all(Array.from({ length: SOCKETS + WAITING }, () => call()))
      expect(new Set(ends)).to.deep.equal(new Set(['TimeoutError']))
      expect(performance.now() - startedAt).to.be.below(10 * TIMEOUT_MS)
    } finally {
      close()
    }
  })

  it('is not sent where it was called off while it waited for a socket', async () => {
    const { call, close, answerAll, taken } = await silence(LONG_MS)
    try {
      const sent = Array.from({ length: SOCKETS }, () => call())
      await until('every socket is taken', () => taken() === SOCKETS)
      const abort = new AbortController()
      const waiting = Array.from({ length: WAITING }, () => call(abort.signal))
      // Behind what builds and signs them, which is no more than turns of this loop.
      await new Promise((resolve) => setImmediate(resolve))
      abort.abort()
      expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set(['AbortError']))
      answerAll()
      expect(new Set(await Promise.all(sent))).to.deep.equal(new Set(['answered']))
      const last = call()
      await until('the last one has come', () => taken() > SOCKETS)
      answerAll()
      expect(await last).to.equal('answered')
      expect(taken()).to.equal(SOCKETS + 1)
    } finally {
      close()
    }
  })

  it('ends at once where it is called off, before and while it is under way', async () => {
    const { call, close, taken } = await silence(LONG_MS)
    try {
      expect(await call(AbortSignal.abort())).to.equal('AbortError')
      expect(taken()).to.equal(0)
      const abort = new AbortController()
      const ended = call(abort.signal)
      await until('it has come', () => taken() === 1)
      abort.abort()
      expect(await ended).to.equal('AbortError')
    } finally {
      close()
    }
  })
})
