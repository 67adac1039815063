import type { Readiness } from '@bg-ingest/process'
import type { Router } from 'express'

interface Needs {
  readonly readiness: () => Promise<Readiness>
  /** True from the first signal on: load balancers must stop sending. */
  readonly stopping: () => boolean
  readonly metrics: { text(): Promise<{ readonly contentType: string; readonly body: string }> }
}

/** Probes and metrics. `healthz` asks no dependency, so that a database outage never restarts the fleet. */
export function mountHealth(router: Router, { readiness, stopping, metrics }: Needs): void {
  router.get('/healthz', (_req, res) => {
    res.locals['route'] = '/healthz'
    res.json({ status: 'ok' })
  })
  router.get('/readyz', async (_req, res) => {
    res.locals['route'] = '/readyz'
    const { ready, missing, degraded } = await readiness()
    if (stopping()) res.status(503).json({ status: 'stopping', missing: [], degraded })
    else res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'unavailable', missing, degraded })
  })
  router.get('/metrics', async (_req, res) => {
    res.locals['route'] = '/metrics'
    const { contentType, body } = await metrics.text()
    res.set('Content-Type', contentType).send(body)
  })
}
