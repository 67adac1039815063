import { Histogram, type Registry } from 'prom-client'

// Dexcom answers in 0.1 to 2 s; our own limit for one call is 60 s (promises 7).
const BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60]

export interface DexcomRequest {
  /** The last part of the path: egvs, calibrations, events, dataRange, devices, token. */
  readonly endpoint: string
  /** HTTP status, or how the exchange ended without one; a closed set of words. */
  readonly status: string
  readonly seconds: number
}

export function dexcomMetrics(registry: Registry) {
  const duration = new Histogram({
    name: 'bg_dexcom_request_duration_seconds',
    help: "Duration of one call of Dexcom's API, waiting for the budget not included",
    labelNames: ['endpoint', 'status'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  })
  return {
    dexcomRequest({ endpoint, status, seconds }: DexcomRequest): void {
      duration.observe({ endpoint, status }, seconds)
    },
  }
}
