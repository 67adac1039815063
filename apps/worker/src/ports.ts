import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ports } from '@bg-ingest/ingest'
import type { Metrics } from '@bg-ingest/telemetry'

type Adapters = Pick<Ports, 'accounts' | 'readings' | 'dexcom' | 'vault' | 'publisher'>

/** Joins the adapters with the clock, the metrics and chance into what the flows ask for. */
export function createPorts(adapters: Adapters, metrics: Metrics): Ports {
  return {
    ...adapters,
    observer: metrics,
    clock: { now: Date.now, monotonic: () => performance.now() },
    pause: (ms) => sleep(ms),
    newId: randomUUID,
  }
}
