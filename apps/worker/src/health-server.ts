import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Readiness } from '@bg-ingest/process'

interface Needs {
  readonly port: number
  readonly readiness: () => Promise<Readiness>
  readonly stopping: () => boolean
  readonly metrics: { text(): Promise<{ readonly contentType: string; readonly body: string }> }
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/** The worker's own small listener: probes and metrics, nothing else. */
export async function startHealthServer(needs: Needs): Promise<HealthServer> {
  const server = createServer({ requestTimeout: 5_000 }, (req, res) => {
    answer(needs, req.url ?? '/', res).catch(() => send(res, 500, { status: 'failed' }))
  })
  server.listen(needs.port)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer({ readiness, stopping, metrics }: Needs, url: string, res: ServerResponse): Promise<void> {
  switch (url.split('?')[0]) {
    case '/healthz':
      return send(res, 200, { status: 'ok' })
    case '/readyz': {
      const { ready, missing, degraded } = await readiness()
      const status = stopping() ? 'stopping' : ready ? 'ready' : 'unavailable'
      return send(res, status === 'ready' ? 200 : 503, { status, missing, degraded })
    }
    case '/metrics': {
      const { contentType, body } = await metrics.text()
      res.writeHead(200, { 'content-type': contentType }).end(body)
      return
    }
    default:
      return send(res, 404, { status: 'not found' })
  }
}

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
