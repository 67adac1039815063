import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'

/** As large as the newest reading, and as a page of 288. */
const LATEST = { id: 'O5S1-VvUx5jdDlAnZSSbCW', userId: 'alice', glucose: 101, unit: 'mg/dL', padding: 'x'.repeat(400) }
const PAGE = Buffer.from(JSON.stringify(Array.from({ length: 288 }, () => LATEST)))

/** As the API's own server. */
const KEEP_ALIVE_MS = 75_000

/** Servers that do nothing but answer, which the API is measured beside: their ports. */
export async function startBases(): Promise<{ readonly http: number; readonly express: number }> {
  const text = JSON.stringify(LATEST)
  const bare = createServer((_req, res) => res.writeHead(200, { 'Content-Type': 'application/json' }).end(text))
  const app = express()
  app.get('/api/bg/:userId/latest', (_req, res) => void res.json(LATEST))
  app.get('/api/bg/:userId', (_req, res) => void res.type('json').send(PAGE))
  const [http = 0, plain = 0] = await Promise.all([bare, createServer(app)].map(portOf))
  return { http, express: plain }
}

async function portOf(server: Server): Promise<number> {
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
