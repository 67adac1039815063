import { Histogram, type Registry } from 'prom-client'

// A read ends in 5 to 50 ms and has to within 200 ms; 30 s is the longest `Prefer: wait` (contract 3).
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 15, 30]

/** Node's parser lets 35 methods through; one series for each of them and route would be a stranger's to make. */
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export interface HttpRequest {
  readonly method: string
  /** The route's pattern (`/api/bg/:userId/latest`), never the path: a path holds a user id. */
  readonly route: string
  readonly status: number
  readonly seconds: number
}

export function httpMetrics(registry: Registry) {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  })
  return {
    httpRequest({ method, route, status, seconds }: HttpRequest): void {
      duration.observe({ method: METHODS.includes(method) ? method : 'other', route, status }, seconds)
    },
  }
}
