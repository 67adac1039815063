import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errorHandler } from '@bg-ingest/api/parts'
import { createLogger } from '@bg-ingest/telemetry'
import { expect } from 'chai'
import express from 'express'

const CANARY = 'c4n4ry-111.1'

describe('api: an error after half of the answer', () => {
  const log: string[] = []
  const printed: string[] = []
  const write = process.stderr.write
  const app = express()
  app.get('/', (_req, res) => {
    res.set('Content-Length', '1000').write('{"half":')
    throw new Error(CANARY)
  })
  app.use(errorHandler(createLogger({ level: 'debug', service: 'api', write: (line) => log.push(line) })))
  const server = createServer(app)

  before(async () => {
    process.stderr.write = (text) => printed.push(String(text)) > 0
    await once(server.listen(0, '127.0.0.1'), 'listening')
  })
  after(async () => {
    process.stderr.write = write
    await once(server.close(), 'close')
  })

  it('cuts the connection, so that nobody takes it for a whole one, and prints nothing of the error', async () => {
    const { port } = server.address() as AddressInfo
    const read = await fetch(`http://127.0.0.1:${port}/`)
      .then((answer) => answer.text())
      .then(
        () => 'whole',
        () => 'cut',
      )
    expect(read).to.equal('cut')
    expect(printed.join('')).to.equal('')
    expect(log.join('')).to.include('request failed').and.not.include(CANARY)
  })
})
